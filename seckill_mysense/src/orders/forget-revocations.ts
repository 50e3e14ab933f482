import type { LedgerRevocations } from "../ledger/revocations.ts";

/** Clocks may differ by this much. */
const keptLongerMs = 60 * 60 * 1_000;
const everyMs = 60_000;
const stepSize = 500;

/** Forgets revocations of what has ended anyway, one small step at a time. Several processes may do so at once. */
export class ForgottenRevocations {
  readonly #revocations: Pick<LedgerRevocations, "forget">;
  #nextMs = 0;

  constructor(revocations: Pick<LedgerRevocations, "forget">) {
    this.#revocations = revocations;
  }

  /** Does nothing for a while after it has forgotten all. */
  async step(nowMs: number): Promise<void> {
    if (nowMs < this.#nextMs) return;
    const forgotten = await this.#revocations.forget({ endedBeforeMs: nowMs - keptLongerMs, limit: stepSize });
    if (forgotten < stepSize) this.#nextMs = nowMs + everyMs;
  }
}
