import type { LedgerProgramRequests } from "../ledger/program-requests.ts";

/**
 * How long requests of programs are kept after the end of their sale: much longer than a sale may still be prolonged, and
 * than a gateway knows its products.
 */
export const requestsKeptMs = 30 * 24 * 60 * 60 * 1_000;
/** Pause between two passes over all requests. */
const passEveryMs = 60 * 60 * 1_000;
/** Requests in one step. */
const stepSize = 500;

/** Forgets requests of programs long after their sale, one small step at a time. Several processes may do so at once. */
export class ForgottenRequests {
  readonly #requests: Pick<LedgerProgramRequests, "forget">;
  #after = "";
  #nextMs = 0;

  constructor(requests: Pick<LedgerProgramRequests, "forget">) {
    this.#requests = requests;
  }

  /** Does nothing between two passes. */
  async step(nowMs: number): Promise<void> {
    if (nowMs < this.#nextMs) return;
    const step = { after: this.#after, limit: stepSize, endedBeforeMs: nowMs - requestsKeptMs };
    const next = await this.#requests.forget(step);
    this.#after = next ?? "";
    if (next === undefined) this.#nextMs = nowMs + passEveryMs;
  }
}
