import type { GateRecord } from "../ledger/gates.ts";
import type { ConsumerReport } from "./consumer-report.ts";
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
  readonly #watermark = new Watermark();
  #consumers: readonly ConsumerReport[] | undefined;
  /** The ledger's figures, and since when they are the same. */
  #figures = "";
  #unchangedSinceMs = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The consumers of a shared queue that live, as they were at the last question; undefined where nobody was asked. */
  get consumers(): readonly ConsumerReport[] | undefined {
    return this.#consumers;
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
    const reports = await consumers?.();
    const { ready, consumers: connected } = await queue.depth();
    const { epoch } = record.product;
    const nowMs = clock.elapsedMs();
    const why = this.#watermark.look({ epoch, askedMs, reports: reports ?? [], ready, connected, nowMs });
    this.#consumers = reports && this.#watermark.consumers;
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
