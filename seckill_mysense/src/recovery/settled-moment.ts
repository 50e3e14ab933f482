import type { ConsumerReport } from "./consumer-report.ts";

/** What the consumers of a queue said before one question, without those that have been silent for too long. */
export interface HeardConsumers {
  readonly reports: readonly ConsumerReport[];
  /** The report was collected at this moment or later. */
  readonly saidMs: (report: ConsumerReport) => number;
}

/** Consumer to the connection on which it said that it consumes. One of an older program does not say it. */
export type Subscribed = ReadonlyMap<string, number>;

export function subscribed(reports: readonly ConsumerReport[]): Subscribed {
  return new Map(reports.flatMap(({ instance, connection = 0 }) => (connection > 0 ? [[instance, connection]] : [])));
}

/** The consumers of a moment as a text, to compare two moments. */
export function describeConsumers(connected: number, members: Subscribed): string {
  const names = [...members].map(([instance, connection]) => `${instance} ${connection}`);
  return [String(connected), ...names.toSorted()].join(", ");
}

/**
 * A moment at which no message that is waited for was in the queue: each was decided, or in the hands of a consumer that
 * the broker counted. It counts one until it has given back what it holds, also one that is frozen or is stopping.
 */
export class SettledMoment {
  readonly #atMs: number;
  /** Consumers that the broker counted. */
  readonly #connected: number;
  /** Those that may have been counted: there may be more of them, because a dead one is heard of for a while. */
  readonly #members: Subscribed;

  constructor(atMs: number, connected: number, members: Subscribed) {
    this.#atMs = atMs;
    this.#connected = connected;
    this.#members = members;
  }

  /** Two moments with the same key end together, or the earlier one ends first. */
  get key(): string {
    return describeConsumers(this.#connected, this.#members);
  }

  /** The moment without the consumers that are gone; undefined if those that are left cannot be all that were counted. */
  without({ reports }: HeardConsumers): SettledMoment | undefined {
    const now = subscribed(reports);
    const members = new Map([...this.#members].filter(([instance, connection]) => now.get(instance) === connection));
    return members.size < this.#connected ? undefined : new SettledMoment(this.#atMs, this.#connected, members);
  }

  /**
   * Whether everything is decided that a consumer had then. As many as were counted must have gone on speaking on the same
   * connection: they alone certainly had one at that moment. And all that they hold must have come later.
   */
  isOver(heard: HeardConsumers): boolean {
    const speaking = this.#reportsOf(heard).filter((report) => heard.saidMs(report) >= this.#atMs);
    return speaking.length >= this.#connected && !speaking.some((report) => this.#mayHold(report, heard));
  }

  /** The consumers that have not said since then that they hold nothing of it. */
  holders(heard: HeardConsumers): readonly string[] {
    const holders = this.#reportsOf(heard).filter((report) => this.#mayHold(report, heard));
    return holders.map(({ instance }) => instance);
  }

  #reportsOf({ reports }: HeardConsumers): readonly ConsumerReport[] {
    return reports.filter(({ instance }) => this.#members.has(instance));
  }

  #mayHold(report: ConsumerReport, { saidMs }: HeardConsumers): boolean {
    const { held, oldestMs } = report;
    if (saidMs(report) < this.#atMs) return true;
    return held > 0 && (oldestMs === undefined || saidMs(report) - oldestMs < this.#atMs);
  }
}
