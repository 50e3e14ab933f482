import type { CheckoutLoad } from "../domain/admission-rate.ts";
import type { Heartbeat, LedgerHeartbeats } from "../ledger/heartbeats.ts";
import { decodeDetails, type Figures } from "../operations/heartbeat-details.ts";

/** Heartbeats come once a second. A process that is silent for longer is not at work. */
const silentAfterMs = 4_000;

/**
 * Heartbeats and readings both come about once a second, and either may be late: one reading may find nothing new, which does not
 * mean that nothing was recorded. So the speed of the consumers is that of as many readings.
 */
const readingsOfSpeed = 5;

/** The figures of each process, by instance. Many of them count up from its start. */
type Reading = ReadonlyMap<string, Figures>;

/** Reads again and again how the checkout does, from what its processes say of themselves in their heartbeats. */
export class CheckoutLoadReader {
  readonly #heartbeats: Pick<LedgerHeartbeats, "read">;
  /** Nothing is carried or recorded where the ledger decides by itself. */
  readonly #needed: readonly string[];
  /** The latest ones, in their order. */
  #readings: readonly Reading[] = [];

  constructor(heartbeats: Pick<LedgerHeartbeats, "read">, { hasNoGate }: { readonly hasNoGate: boolean }) {
    this.#heartbeats = heartbeats;
    this.#needed = hasNoGate ? ["gateway"] : ["gateway", "relay", "consumer"];
  }

  async read(): Promise<CheckoutLoad> {
    const beats = (await this.#heartbeats.read()).filter(({ ageMs }) => ageMs < silentAfterMs);
    const now = new Map(beats.map(({ instance, details }) => [instance, decodeDetails(details).figures]));
    const before = this.#readings;
    this.#readings = [...before, now].slice(-readingsOfSpeed);
    return loadOf(before, now, describeSilence(this.#needed, beats));
  }
}

function loadOf(readings: readonly Reading[], now: Reading, unknown: string | undefined): CheckoutLoad {
  const added = (name: string): number => addedSince(readings.slice(-1), now, name);
  const most = (name: string): number => Math.max(0, ...[...now.values()].map((figures) => figures[name] ?? 0));
  const calls = added("seckill_gate_calls");
  const gateSeconds = calls === 0 ? 0 : added("seckill_gate_calls_waited_seconds") / calls;
  // Each process sees the whole queue. As many as are recorded between two readings leave it in about a second.
  const recorded = addedSince(readings, now, "seckill_consumer_recorded");
  const queueSeconds = most("seckill_queue_ready") / Math.max(1, recorded);
  const seconds =
    gateSeconds +
    most("seckill_outbox_age_seconds") +
    Math.max(queueSeconds, most("seckill_queue_oldest_in_hand_seconds"));
  const failed = added("seckill_gate_calls_failed");
  return { delayMs: seconds * 1_000, failedShare: calls === 0 ? 0 : failed / calls, unknown };
}

/** By how much a figure of all processes has grown from one reading to the next, on average of those that are given. */
function addedSince(readings: readonly Reading[], now: Reading, name: string): number {
  return sum(
    [...now].map(([instance, figures]) => {
      const first = readings.findIndex((reading) => reading.has(instance));
      if (first === -1) return 0;
      const grown = (figures[name] ?? 0) - (readings[first]!.get(instance)![name] ?? figures[name] ?? 0);
      return Math.max(0, grown) / (readings.length - first);
    }),
  );
}

function describeSilence(needed: readonly string[], beats: readonly Heartbeat[]): string | undefined {
  const missing = needed.find((role) => !beats.some((beat) => beat.role === role || beat.role === "all"));
  return missing === undefined ? undefined : `no ${missing} is heard`;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
