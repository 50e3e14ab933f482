import type { CheckoutLoad } from "../domain/admission-rate.ts";
import type { Heartbeat, LedgerHeartbeats } from "../ledger/heartbeats.ts";
import type { Clock } from "../time/clock.ts";
import { decodeDetails, type Figures } from "../operations/heartbeat-details.ts";

/** Heartbeats come once a second. A process that is silent for longer is not at work. */
const silentAfterMs = 4_000;

/**
 * Heartbeats and readings both come about once a second, and either may be late: one reading may find nothing new, which does not
 * mean that nothing was recorded. So the speed of the consumers is that of as many readings.
 */
const readingsOfSpeed = 5;

interface Reading {
  /** Of a monotonic clock. A slow ledger makes the time between two readings longer. */
  readonly atMs: number;
  /** The figures of each process, by instance. Many of them count up from its start. */
  readonly figures: ReadonlyMap<string, Figures>;
}

interface LoadOptions extends Pick<Clock, "elapsedMs"> {
  readonly hasNoGate: boolean;
}

/** Reads again and again how the checkout does, from what its processes say of themselves in their heartbeats. */
export class CheckoutLoadReader {
  readonly #heartbeats: Pick<LedgerHeartbeats, "read">;
  /** Nothing is carried or recorded where the ledger decides by itself. */
  readonly #needed: readonly string[];
  readonly #elapsedMs: Clock["elapsedMs"];
  /** The latest ones, in their order. */
  #readings: readonly Reading[] = [];

  constructor(heartbeats: Pick<LedgerHeartbeats, "read">, { hasNoGate, elapsedMs }: LoadOptions) {
    this.#heartbeats = heartbeats;
    this.#elapsedMs = elapsedMs;
    this.#needed = hasNoGate ? ["gateway"] : ["gateway", "relay", "consumer"];
  }

  async read(): Promise<CheckoutLoad> {
    const beats = (await this.#heartbeats.read()).filter(({ ageMs }) => ageMs < silentAfterMs);
    const figures = new Map(beats.map(({ instance, details }) => [instance, decodeDetails(details).figures]));
    const now = { atMs: this.#elapsedMs(), figures };
    const before = this.#readings;
    this.#readings = [...before, now].slice(-readingsOfSpeed);
    return loadOf(before, now, describeSilence(this.#needed, beats));
  }
}

function loadOf(readings: readonly Reading[], now: Reading, unknown: string | undefined): CheckoutLoad {
  const added = (name: string): number => addedPerSecond(readings.slice(-1), now, name);
  const most = (name: string): number => Math.max(0, ...[...now.figures.values()].map((figures) => figures[name] ?? 0));
  const calls = added("seckill_gate_calls");
  const gateSeconds = calls === 0 ? 0 : added("seckill_gate_calls_waited_seconds") / calls;
  // Each process sees the whole queue.
  const recorded = addedPerSecond(readings, now, "seckill_consumer_recorded");
  const queueSeconds = most("seckill_queue_ready") / Math.max(1, recorded);
  const seconds =
    gateSeconds +
    most("seckill_outbox_age_seconds") +
    Math.max(queueSeconds, most("seckill_queue_oldest_in_hand_seconds"));
  const failed = added("seckill_gate_calls_failed");
  return { delayMs: seconds * 1_000, failedShare: calls === 0 ? 0 : failed / calls, unknown };
}

/** By how much a figure of all processes has grown in a second, on average since the first of the readings. */
function addedPerSecond(readings: readonly Reading[], now: Reading, name: string): number {
  return sum(
    [...now.figures].map(([instance, figures]) => {
      const first = readings.find((reading) => reading.figures.has(instance));
      if (first === undefined) return 0;
      const grown = (figures[name] ?? 0) - (first.figures.get(instance)![name] ?? figures[name] ?? 0);
      return Math.max(0, grown) / (Math.max(1, now.atMs - first.atMs) / 1_000);
    }),
  );
}

function describeSilence(needed: readonly string[], beats: readonly Heartbeat[]): string | undefined {
  const missing = needed.find((role) => !beats.some((beat) => beat.role === role || beat.role === "all"));
  return missing === undefined ? undefined : `no ${missing} is heard`;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
