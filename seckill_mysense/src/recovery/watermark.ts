import type { ConsumerReport } from "./consumer-report.ts";
import { describeConsumers, type HeardConsumers, SettledMoment, subscribed } from "./settled-moment.ts";

/** In milliseconds. */
export interface WatermarkTimes {
  /** A consumer that has said nothing for this long is not expected to speak again. */
  readonly silentAfterMs: number;
  /** A report may be this much older than its row, because it is collected before it is written. */
  readonly reportLagMs: number;
}

const defaultTimes: WatermarkTimes = { silentAfterMs: 4_000, reportLagMs: 250 };

/** One look at the consumers, and after that at the queue. */
export interface QueueLook {
  readonly epoch: number;
  /** When the consumers' reports were asked for. */
  readonly askedMs: number;
  readonly reports: readonly ConsumerReport[];
  /** Messages that waited in the queue, and when that was known. */
  readonly ready: number;
  /**
   * Consumers that the broker knew at that moment. With 0 the look says nothing: RabbitMQ answers 0 messages and 0
   * consumers for a queue whose leader it cannot reach.
   */
  readonly connected: number;
  readonly nowMs: number;
}

/** The end of the queue, for as long as the same consumers have it. */
interface Mark {
  /** The consumers, as a text. */
  readonly consumers: string;
  readonly sinceMs: number;
  /** Messages that waited in the queue. */
  readonly ready: number;
  /** Consumer to its first report after that moment. */
  readonly before: Map<string, ConsumerReport>;
}

/**
 * The end of a shared queue at one moment. All messages of a closed product are before it, so that nothing of the product
 * is on its way when the consumers have passed it. Other products may go on selling meanwhile, and consumers may come and
 * go: each moment at which the queue was empty is followed, until the consumers of one of them have decided what they had.
 */
export class Watermark {
  readonly #times: WatermarkTimes;
  readonly #counts: boolean;
  #epoch: number | undefined;
  #mark: Mark | undefined;
  /** The earliest first. */
  #moments: readonly SettledMoment[] = [];

  /**
   * Unless `counts`, only an empty queue will do. A consumer that comes and goes between two looks can make the count wrong.
   */
  constructor({ counts = true, times = defaultTimes } = {}) {
    this.#counts = counts;
    this.#times = times;
  }

  /** Messages may come to the queue again: the next look begins anew. */
  clear(): void {
    this.#mark = undefined;
    this.#moments = [];
  }

  /** Says what may still be before the watermark; undefined if nothing is. */
  look(look: QueueLook): string | undefined {
    if (look.epoch !== this.#epoch) this.clear();
    this.#epoch = look.epoch;
    const heard = this.#hear(look);
    this.#moments = stillPossible(this.#moments, heard);
    if (look.connected === 0) return "the queue has no consumers, or cannot be asked for them";
    const members = subscribed(heard.reports);
    const unknown = look.connected - members.size;
    // What nobody tells of may be given back at any time, and counted wrongly.
    if (unknown > 0) this.#mark = undefined;
    const left = unknown > 0 ? look.ready : this.#leftInQueue(look, heard);
    if (left === 0) this.#follow(new SettledMoment(look.nowMs, look.connected, members), heard);
    if (this.#moments.some((moment) => moment.isOver(heard))) return undefined;
    if (unknown > 0) return describeUnknown(unknown, heard);
    const [moment] = this.#moments;
    if (moment === undefined) return `${left} reservations are to be taken from the queue first`;
    return `the consumers ${moment.holders(heard).join(", ")} may hold reservations`;
  }

  #follow(moment: SettledMoment, heard: HeardConsumers): void {
    this.#moments = stillPossible([...this.#moments, moment], heard);
  }

  #hear({ reports, askedMs }: QueueLook): HeardConsumers {
    const { silentAfterMs, reportLagMs } = this.#times;
    return {
      reports: reports.filter(({ ageMs }) => ageMs < silentAfterMs),
      saidMs: ({ ageMs }) => askedMs - ageMs - reportLagMs,
    };
  }

  /** How many of the messages before the watermark may still wait in the queue. */
  #leftInQueue(look: QueueLook, heard: HeardConsumers): number {
    const { ready } = look;
    if (ready === 0 || !this.#counts) return ready;
    const mark = this.#markFor(look, heard);
    return Math.max(0, mark.ready - countTaken(mark, heard));
  }

  /** Messages that go back to the queue would count twice, so the mark is set anew with every change of the consumers. */
  #markFor({ ready, connected, nowMs }: QueueLook, { reports }: HeardConsumers): Mark {
    const consumers = describeConsumers(connected, subscribed(reports));
    if (this.#mark?.consumers === consumers) return this.#mark;
    return (this.#mark = { consumers, sinceMs: nowMs, ready, before: new Map() });
  }
}

/** Of moments with the same consumers only the first one counts: the others would be over later. */
function stillPossible(moments: readonly SettledMoment[], heard: HeardConsumers): readonly SettledMoment[] {
  const first = new Map<string, SettledMoment>();
  for (const moment of moments) {
    const left = moment.without(heard);
    if (left !== undefined && !first.has(left.key)) first.set(left.key, left);
  }
  return [...first.values()];
}

/** Messages that were certainly taken from the queue after the moment of the watermark. */
function countTaken({ before, sinceMs }: Mark, { reports, saidMs }: HeardConsumers): number {
  let taken = 0;
  const members = subscribed(reports);
  for (const report of reports) {
    const { instance, received } = report;
    if (!members.has(instance)) continue;
    const first = before.get(instance);
    if (first !== undefined) taken += received - first.received;
    else if (saidMs(report) >= sinceMs) before.set(instance, report);
  }
  return taken;
}

function describeUnknown(unknown: number, { reports }: HeardConsumers): string {
  const older = reports.filter(({ connection }) => connection === undefined).map(({ instance }) => instance);
  const who =
    older.length === 0
      ? "that say nothing are connected to the queue"
      : `are connected to the queue and do not say so, perhaps ${older.join(", ")} of an older version`;
  return `${unknown} consumers ${who}, and may hold reservations`;
}
