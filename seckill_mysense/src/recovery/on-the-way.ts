import type { GateRecord } from "../ledger/gates.ts";
import type { ConsumerReport } from "./consumer-report.ts";
import { defaultTimes, type RecoveryParts } from "./recovery-parts.ts";

/** A consumer that has said nothing for this long is gone, and the broker gives its messages to others. */
const silentAfterMs = 4_000;
/** A report may be this much older than its row, because it is collected before it is written. */
const reportLagMs = 250;

/**
 * The end of the queue at one moment. All messages of a closed product are before it, so that nothing of the product is on
 * its way when the consumers have passed it. Other products may go on selling meanwhile.
 */
interface Watermark {
  readonly epoch: number;
  readonly sinceMs: number;
  /** Messages that waited in the queue. */
  readonly ready: number;
  /** Consumer to the number of messages that it had had by its first report after that moment. */
  readonly receivedBefore: Map<string, number>;
  readonly consumers: Set<string>;
  /** When all those messages had been taken out of the queue. */
  takenAtMs: number | undefined;
}

type Parts = Pick<RecoveryParts, "queue" | "consumers" | "clock" | "times">;

/**
 * Finds out whether reservations of a product are still on their way to the ledger: in the outbox, in the queue, or in a
 * consumer's hands. An answer is a reason to wait; what it misses, the ledger's epoch refuses. One object follows one
 * product for as long as its gate accepts nothing.
 */
export class OnTheWay {
  readonly #parts: Parts;
  #watermark: Watermark | undefined;
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
    const { queue } = this.#parts;
    const isQuiet = this.#isQuiet(record);
    if (outboxLength > 0) {
      this.#watermark = undefined;
      return `${outboxLength} reservations are in the gate's outbox`;
    }
    if (queue === undefined) return "this process cannot ask the queue";
    if (queue.unsettled !== undefined) {
      const unsettled = await queue.unsettled(record.product.id);
      return unsettled === 0 ? undefined : `${unsettled} reservations are in the queue`;
    }
    const { ready } = await queue.depth();
    const why = await this.#beforeWatermark(record, ready);
    return why ?? (isQuiet ? undefined : "consumers may hold reservations");
  }

  async #beforeWatermark({ product: { epoch } }: GateRecord, ready: number): Promise<string | undefined> {
    const { consumers, clock } = this.#parts;
    const nowMs = clock.elapsedMs();
    this.#consumers = (await consumers?.())?.filter(({ ageMs }) => ageMs < silentAfterMs);
    const reports = this.#consumers ?? [];
    let mark = this.#watermark;
    // What a consumer held that is gone is in the queue again, and comes before a new watermark.
    const isGone = mark !== undefined && !mark.consumers.isSubsetOf(new Set(reports.map(({ instance }) => instance)));
    if (mark === undefined || mark.epoch !== epoch || isGone) {
      mark = { epoch, sinceMs: nowMs, ready, receivedBefore: new Map(), consumers: new Set(), takenAtMs: undefined };
      this.#watermark = mark;
    }
    const taken = countTaken(mark, reports, nowMs);
    if (ready === 0 || taken >= mark.ready) mark.takenAtMs ??= nowMs;
    if (mark.takenAtMs === undefined) return `${mark.ready - taken} reservations are to be taken from the queue first`;
    const holders = reports.filter((report) => mayHold(report, nowMs - mark.takenAtMs!));
    if (holders.length === 0) return undefined;
    return `the consumers ${holders.map(({ instance }) => instance).join(", ")} may hold reservations`;
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

/** Messages that were certainly taken from the queue after the moment of the watermark. */
function countTaken(mark: Watermark, reports: readonly ConsumerReport[], nowMs: number): number {
  let taken = 0;
  for (const { instance, received, ageMs } of reports) {
    mark.consumers.add(instance);
    const before = mark.receivedBefore.get(instance);
    if (before !== undefined) taken += received - before;
    else if (ageMs + reportLagMs <= nowMs - mark.sinceMs) mark.receivedBefore.set(instance, received);
  }
  return taken;
}

/** Whether a consumer may hold a message that was taken from the queue at least this long ago. */
function mayHold({ ageMs, held, oldestMs }: ConsumerReport, takenMs: number): boolean {
  const saidMs = ageMs + reportLagMs;
  if (saidMs > takenMs) return true;
  return held > 0 && (oldestMs === undefined || saidMs + oldestMs > takenMs);
}
