import type { ConsumerReport } from "./consumer-report.ts";

/** In milliseconds. */
export interface WatermarkTimes {
  /**
   * A consumer that has said nothing for this long is not waited for by its name. As long as the broker has it among its
   * consumers, it may hold messages all the same: then there are more of them than say what they hold.
   */
  readonly silentAfterMs: number;
  /** A report may be this much older than its row, because it is collected before it is written. */
  readonly reportLagMs: number;
}

const defaultTimes: WatermarkTimes = { silentAfterMs: 4_000, reportLagMs: 250 };

/**
 * One look at the consumers, and after that at the queue. The order matters: what a consumer gives back between the two
 * is then seen in the queue.
 */
export interface QueueLook {
  readonly epoch: number;
  /** When the consumers' reports were asked for. */
  readonly askedMs: number;
  readonly reports: readonly ConsumerReport[];
  /** Messages that waited in the queue, and when that was known. */
  readonly ready: number;
  /** Consumers that the broker knew at that moment; undefined if it was not asked. */
  readonly connected?: number | undefined;
  readonly nowMs: number;
}

interface Mark {
  readonly epoch: number;
  readonly sinceMs: number;
  /** Messages that waited in the queue. */
  readonly ready: number;
  /** Consumer to its first report after that moment. */
  readonly before: Map<string, ConsumerReport>;
  /** Consumer to the repeated messages that it has said it has had. */
  readonly repeated: Map<string, number>;
  /** The moment when all those messages had been taken out of the queue. */
  taken: { readonly atMs: number; readonly consumers: CountedConsumers } | undefined;
}

/** The consumers of the queue at one moment, by the broker, and those that had said on which connection they consume. */
interface CountedConsumers {
  readonly connected: number;
  /** Consumer to its connection. */
  readonly talking: ReadonlyMap<string, number>;
}

/**
 * The end of a shared queue at one moment. All messages of a closed product are before it, so that nothing of the product
 * is on its way when the consumers have passed it. Other products may go on selling meanwhile.
 */
export class Watermark {
  readonly #times: WatermarkTimes;
  #mark: Mark | undefined;
  #consumers: readonly ConsumerReport[] = [];

  constructor(times = defaultTimes) {
    this.#times = times;
  }

  /** The consumers that lived at the last look. */
  get consumers(): readonly ConsumerReport[] {
    return this.#consumers;
  }

  /** Messages may come to the queue again: the next look begins anew. */
  clear(): void {
    this.#mark = undefined;
  }

  /** Says what may still be before the watermark; undefined if nothing is. */
  look({ epoch, askedMs, reports, ready, connected = 0, nowMs }: QueueLook): string | undefined {
    this.#consumers = reports.filter(({ ageMs }) => ageMs < this.#times.silentAfterMs);
    const silent = connected - this.#consumers.length;
    if (silent > 0) {
      // The broker gives back what they hold as soon as it counts them as gone, and nobody tells of that.
      this.clear();
      return `${silent} consumers that say nothing are connected to the queue, and may hold reservations`;
    }
    const mark = this.#markFor(epoch, ready, nowMs);
    const taken = this.#countTaken(mark, askedMs);
    if (ready === 0 || taken >= mark.ready) mark.taken ??= { atMs: nowMs, consumers: this.#count(connected) };
    if (mark.taken === undefined) return `${mark.ready - taken} reservations are to be taken from the queue first`;
    const { atMs, consumers } = mark.taken;
    // Another consumer may have started, and emptied the queue, after these reports.
    if (askedMs < atMs) return "consumers may hold reservations";
    const holders = this.#consumers.filter((report) => this.#mayHold(report, askedMs, atMs));
    if (holders.length > 0) {
      return `the consumers ${holders.map(({ instance }) => instance).join(", ")} may hold reservations`;
    }
    const unknown = consumers.connected - this.#stillTalking(consumers);
    if (unknown <= 0) return undefined;
    this.clear();
    return `${unknown} consumers of the queue have not said since then what they hold`;
  }

  #count(connected: number): CountedConsumers {
    const talking = this.#consumers.filter(({ connection }) => connection > 0);
    return { connected, talking: new Map(talking.map(({ instance, connection }) => [instance, connection])) };
  }

  /**
   * Those that were certainly among the counted ones: they have gone on on the same connection. The others may have been
   * dead or without a connection, and then the count includes as many of which nothing is known.
   */
  #stillTalking({ talking }: CountedConsumers): number {
    return this.#consumers.filter(({ instance, connection }) => talking.get(instance) === connection).length;
  }

  #markFor(epoch: number, ready: number, nowMs: number): Mark {
    const mark = this.#mark;
    if (mark?.epoch === epoch && !this.#cameBack(mark)) return mark;
    const repeated = new Map(this.#consumers.map((report) => [report.instance, report.repeated]));
    return (this.#mark = { epoch, sinceMs: nowMs, ready, before: new Map(), repeated, taken: undefined });
  }

  /**
   * Whether messages went back to the queue: a consumer is gone, or one got messages that another one had had, which may
   * have been silent for so long that it was not counted. They would count twice, and are before a new watermark.
   */
  #cameBack({ repeated }: Mark): boolean {
    const alive = new Set(this.#consumers.map(({ instance }) => instance));
    if ([...repeated.keys()].some((instance) => !alive.has(instance))) return true;
    return this.#consumers.some((report) => report.repeated > (repeated.get(report.instance) ?? 0));
  }

  /** Messages that were certainly taken from the queue after the moment of the watermark. */
  #countTaken({ repeated, before, sinceMs }: Mark, askedMs: number): number {
    let taken = 0;
    for (const report of this.#consumers) {
      const { instance, received } = report;
      repeated.set(instance, report.repeated);
      const first = before.get(instance);
      if (first !== undefined) taken += received - first.received;
      else if (this.#saidMs(report, askedMs) >= sinceMs) before.set(instance, report);
    }
    return taken;
  }

  /** Whether a consumer may hold a message that was taken from the queue at this moment or before. */
  #mayHold(report: ConsumerReport, askedMs: number, takenAtMs: number): boolean {
    const saidMs = this.#saidMs(report, askedMs);
    if (saidMs < takenAtMs) return true;
    const { held, oldestMs } = report;
    return held > 0 && (oldestMs === undefined || saidMs - oldestMs < takenAtMs);
  }

  #saidMs({ ageMs }: ConsumerReport, askedMs: number): number {
    return askedMs - ageMs - this.#times.reportLagMs;
  }
}
