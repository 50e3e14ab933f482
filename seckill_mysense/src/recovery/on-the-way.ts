import type { GateRecord } from "../ledger/gates.ts";
import { defaultTimes, type RecoveryParts } from "./recovery-parts.ts";

/**
 * Finds out whether reservations of a product are still on their way to the ledger: in the outbox, in the queue, or in a
 * consumer's hands. An answer is a reason to wait; what it misses, the ledger's epoch refuses.
 */
export class OnTheWay {
  readonly #parts: Pick<RecoveryParts, "queue" | "heldByConsumers" | "clock" | "times">;
  /** The ledger's figures, and since when they are the same. */
  #figures = "";
  #unchangedSinceMs = 0;

  constructor(parts: Pick<RecoveryParts, "queue" | "heldByConsumers" | "clock" | "times">) {
    this.#parts = parts;
  }

  /** Says what is on its way; undefined if nothing is. */
  async find(record: GateRecord, outboxLength: number): Promise<string | undefined> {
    const { queue, heldByConsumers } = this.#parts;
    if (outboxLength > 0) return `${outboxLength} reservations are in the gate's outbox`;
    if (queue === undefined) return "this process cannot ask the queue";
    if (queue.unsettled !== undefined) {
      const unsettled = await queue.unsettled(record.product.id);
      return unsettled === 0 ? undefined : `${unsettled} reservations are in the queue`;
    }
    const { ready } = await queue.depth();
    if (ready > 0) return `${ready} reservations are in the queue`;
    const held = (await heldByConsumers?.()) ?? 0;
    if (held > 0) return `the consumers hold ${held} reservations`;
    return this.#isQuiet(record) ? undefined : "consumers may hold reservations";
  }

  #isQuiet({ sequence, taken, pendingReturns }: GateRecord): boolean {
    const nowMs = this.#parts.clock.elapsedMs();
    const figures = JSON.stringify([sequence, taken, pendingReturns]);
    if (figures !== this.#figures) {
      this.#figures = figures;
      this.#unchangedSinceMs = nowMs;
    }
    return nowMs - this.#unchangedSinceMs >= (this.#parts.times?.quietMs ?? defaultTimes.quietMs);
  }
}
