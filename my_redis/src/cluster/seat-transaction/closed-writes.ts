import type { TransactionId } from "../transaction/transaction-message.ts";

/** Writes that a primary has called given up without having seen them: their PREPARE, if it still comes, is refused. */
export class ClosedWrites {
  readonly #forMs: number;
  readonly #most: number;
  /** Until when, in the order of these times. */
  readonly #untilMs = new Map<TransactionId, number>();

  /** `forMs`: longer than any coordinator counts on a preparation. */
  constructor(forMs: number, most: number) {
    this.#forMs = forMs;
    this.#most = most;
  }

  has(id: TransactionId): boolean {
    return this.#untilMs.has(id);
  }

  /** False when too many are closed already: then nothing may be said about this one. */
  add(id: TransactionId, nowMs: number): boolean {
    if (this.#untilMs.size >= this.#most && !this.#untilMs.has(id)) return false;
    this.#untilMs.delete(id);
    this.#untilMs.set(id, nowMs + this.#forMs);
    return true;
  }

  look(nowMs: number): void {
    for (const [id, untilMs] of this.#untilMs) {
      if (untilMs > nowMs) return;
      this.#untilMs.delete(id);
    }
  }

  clear(): void {
    this.#untilMs.clear();
  }
}
