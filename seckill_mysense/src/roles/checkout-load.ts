import type { CheckoutLoad } from "../domain/admission-rate.ts";
import type { Heartbeat, LedgerHeartbeats } from "../ledger/heartbeats.ts";
import { decodeDetails, type Figures } from "../operations/heartbeat-details.ts";

/** Heartbeats come once a second. A process that is silent for longer is not at work. */
const silentAfterMs = 4_000;

/** The figures of a process that count up from its start, as they were when they were last read. */
type Before = ReadonlyMap<string, Figures>;

/** Reads again and again how the checkout does, from what its processes say of themselves in their heartbeats. */
export class CheckoutLoadReader {
  readonly #heartbeats: Pick<LedgerHeartbeats, "read">;
  /** Nothing is carried or recorded where the ledger decides by itself. */
  readonly #needed: readonly string[];
  #before: Before = new Map();

  constructor(heartbeats: Pick<LedgerHeartbeats, "read">, { hasNoGate }: { readonly hasNoGate: boolean }) {
    this.#heartbeats = heartbeats;
    this.#needed = hasNoGate ? ["gateway"] : ["gateway", "relay", "consumer"];
  }

  async read(): Promise<CheckoutLoad> {
    const beats = (await this.#heartbeats.read()).filter(({ ageMs }) => ageMs < silentAfterMs);
    const now = new Map(beats.map(({ instance, details }) => [instance, decodeDetails(details).figures]));
    const before = this.#before;
    this.#before = now;
    return loadOf(before, now, describeSilence(this.#needed, beats));
  }
}

function loadOf(before: Before, now: Before, unknown: string | undefined): CheckoutLoad {
  const added = (name: string): number =>
    sum(
      [...now].map(([instance, figures]) =>
        Math.max(0, (figures[name] ?? 0) - (before.get(instance)?.[name] ?? figures[name] ?? 0)),
      ),
    );
  const most = (name: string): number => Math.max(0, ...[...now.values()].map((figures) => figures[name] ?? 0));
  const calls = added("seckill_gate_calls");
  const gateSeconds = calls === 0 ? 0 : added("seckill_gate_calls_waited_seconds") / calls;
  // Each process sees the whole queue. As many as were recorded since the last reading leave it in about as much time.
  const recorded = added("seckill_consumer_recorded");
  const queueSeconds = most("seckill_queue_ready") / Math.max(1, recorded);
  const seconds =
    gateSeconds +
    most("seckill_outbox_age_seconds") +
    Math.max(queueSeconds, most("seckill_queue_oldest_in_hand_seconds"));
  const failed = added("seckill_gate_calls_failed");
  return { delayMs: seconds * 1_000, failedShare: calls === 0 ? 0 : failed / calls, unknown };
}

function describeSilence(needed: readonly string[], beats: readonly Heartbeat[]): string | undefined {
  const missing = needed.find((role) => !beats.some((beat) => beat.role === role || beat.role === "all"));
  return missing === undefined ? undefined : `no ${missing} is heard`;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
