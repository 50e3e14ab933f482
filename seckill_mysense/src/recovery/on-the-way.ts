import type { GateRecord } from "../ledger/gates.ts";
import { defaultTimes, type RecoveryParts } from "./recovery-parts.ts";
import { Watermark } from "./watermark.ts";

type Parts = Pick<RecoveryParts, "queue" | "consumers" | "clock" | "times">;

/**
 * Finds out whether reservations of a product are still on their way to the ledger: in the outbox, in the queue, or in a
 * consumer's hands. An answer is a reason to wait; what it misses, the ledger's epoch refuses. One object follows one
 * product for as long as its gate accepts nothing.
 */
export class OnTheWay {
  readonly #parts: Parts;
  readonly #watermark: Watermark;
  /** The ledger's figures, and since when they are the same. */
  #figures = "";
  #unchangedSinceMs = 0;

  /** Unless `counts`, a shared queue must be empty once: for whoever looks seldom, and closes a product that sells. */
  constructor(parts: Parts, { counts = true } = {}) {
    this.#parts = parts;
    this.#watermark = new Watermark({ counts });
  }

  /** Says what is on its way; undefined if nothing is. */
  async find(record: GateRecord, outboxLength: number): Promise<string | undefined> {
    const { queue, consumers, clock } = this.#parts;
    const isQuiet = this.#isQuiet(record);
    if (outboxLength > 0) {
      this.#watermark.clear();
      return `${outboxLength} reservations are in the gate's outbox`;
    }
    if (queue === undefined) return "this process cannot ask the queue";
    if (queue.unsettled !== undefined) {
      const unsettled = await queue.unsettled(record.product.id);
      return unsettled === 0 ? undefined : `${unsettled} reservations are in the queue`;
    }
    const askedMs = clock.elapsedMs();
    const reports = (await consumers?.()) ?? [];
    const { ready, consumers: connected } = await queue.depth();
    if (connected === undefined) return "the queue does not count its consumers";
    const { epoch } = record.product;
    const nowMs = clock.elapsedMs();
    const why = this.#watermark.look({ epoch, askedMs, reports, ready, connected, nowMs });
    return why ?? (isQuiet ? undefined : "consumers may hold reservations");
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
