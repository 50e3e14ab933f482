import type { GateLoad } from "../gateway/gate-calls.ts";
import type { HealthBoard } from "../health/health-board.ts";
import type { Figures } from "../operations/heartbeat-details.ts";
import type { Clock } from "../time/clock.ts";
import type { RunningParts } from "./running-parts.ts";
import type { SystemOptions } from "./system-options.ts";

/** Work that takes longer than this counts as stuck. */
const stuckAfterMs = 10_000;

/** The figures of this process, and the judgement whether its work is stuck. */
export class Sampler {
  readonly #parts: RunningParts;
  readonly #health: HealthBoard;
  readonly #clock: Clock;
  readonly #noted: Record<string, number> = {};
  /** The parts that were found stuck here, and not by themselves. */
  readonly #stuck = new Set<string>();

  constructor({ clock }: SystemOptions, parts: RunningParts, health: HealthBoard) {
    this.#parts = parts;
    this.#health = health;
    this.#clock = clock;
  }

  note(name: string, value: number): void {
    this.#noted[name] = value;
  }

  get figures(): Figures {
    const { relay, consumer, sweeper, payments, gateway } = this.#parts;
    const { elapsedMs, now } = this.#clock;
    const seconds = (sinceMs: number | undefined): number =>
      sinceMs === undefined ? 0 : (elapsedMs() - sinceMs) / 1_000;
    return {
      ...this.#noted,
      ...payments?.gauges,
      ...(gateway !== undefined && gateFigures(gateway.gateCalls.load)),
      ...(relay !== undefined && {
        // The gate's clock and this one may differ.
        seckill_outbox_age_seconds: Math.max(0, now() - (relay.waitingSinceMs ?? Infinity)) / 1_000,
        seckill_relay_published: relay.published,
      }),
      ...(consumer !== undefined && {
        seckill_queue_in_hand: consumer.inHand,
        ...(consumer.progress !== undefined && {
          seckill_queue_received: consumer.progress.received,
          seckill_queue_received_again: consumer.progress.repeated,
          seckill_queue_oldest_in_hand_seconds: consumer.progress.oldestMs / 1_000,
          seckill_queue_connection: consumer.progress.connection,
        }),
        seckill_consumer_recorded: consumer.counts.recorded,
      }),
      ...(sweeper !== undefined && {
        seckill_sweeper_lag_seconds: seconds(sweeper.cleanAtMs),
        seckill_waiting_lists: sweeper.lists.lists,
        seckill_waiters: sweeper.lists.waiting,
        seckill_free_while_waited_for_seconds: seconds(sweeper.lists.freeSinceMs),
      }),
    };
  }

  /** The longest waiting lists: product id to how many wait. */
  get longestLists(): Figures {
    return this.#parts.sweeper?.lists.longest ?? {};
  }

  /** Finds work that does not fail and does not end either: for example an answer that never comes. */
  judge(): void {
    const { relay, consumer, sweeper } = this.#parts;
    this.#judgeOne("relay", relay?.carryingSinceMs, "the queue has had reservations without an answer for");
    this.#judgeOne("consumer", consumer?.handlingSinceMs, "the ledger has had a batch without an answer for");
    this.#judgeOne("sweeper", sweeper?.cleanAtMs, "no sweep has ended with nothing left for");
  }

  /** A part that is down already has a better reason. */
  #judgeOne(name: string, sinceMs: number | undefined, what: string): void {
    // Asking the board for a part makes one, and not every process has all of them.
    if (sinceMs === undefined && !this.#stuck.has(name)) return;
    const forMs = sinceMs === undefined ? 0 : this.#clock.elapsedMs() - sinceMs;
    const part = this.#health.part(name);
    if (forMs <= stuckAfterMs) {
      if (this.#stuck.delete(name)) part.ok();
      return;
    }
    if (this.#health.parts.some((known) => known.name === name && known.status === "down")) return;
    this.#stuck.add(name);
    part.down(`${what} ${Math.round(forMs / 1_000)} s`);
  }
}

function gateFigures({ calls, failed, waitedMs }: GateLoad): Figures {
  return {
    seckill_gate_calls: calls,
    seckill_gate_calls_failed: failed,
    seckill_gate_calls_waited_seconds: waitedMs / 1_000,
  };
}
