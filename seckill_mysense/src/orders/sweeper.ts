import type { StockReturn } from "../domain/order.ts";
import type { Gate } from "../gate/gate.ts";
import type { HealthPart } from "../health/health-board.ts";
import { unwatchedPart } from "../health/part-sources.ts";
import type { LedgerOrders } from "../ledger/orders.ts";
import type { LedgerReturns } from "../ledger/returns.ts";
import { systemClock, type Clock } from "../time/clock.ts";
import { pause } from "../time/pause.ts";

export interface SweeperOptions {
  readonly orders: Pick<LedgerOrders, "expireUnpaid">;
  readonly returns: LedgerReturns;
  readonly gate: Pick<Gate, "giveBack">;
  /** Is told whether sweeps succeed. */
  readonly health?: HealthPart;
  /** Pause between two sweeps. */
  readonly intervalMs?: number;
  /** Orders and returns in one step of a sweep. */
  readonly maxBatch?: number;
  readonly now?: Clock["now"];
}

export interface SweepResult {
  readonly expired: number;
  /** Returns that the gate has answered, whether it took the unit back or ignored the return. */
  readonly applied: number;
  /** Returns that the gate could not be notified of; the next sweep tries them again. */
  readonly failed: number;
  /** Why the gate could not be notified of one of them. */
  readonly reason?: string;
}

export interface Sweeper {
  /** Starts a sweep, or joins the running one, and gives its result. */
  sweep(): Promise<SweepResult>;
  /** When a sweep last ended that left nothing behind, Unix milliseconds. Before the first one: the start. */
  readonly cleanAtMs: number;
  /** Lets a running sweep finish its step. */
  stop(): Promise<void>;
}

/**
 * Expires unpaid orders and brings released units back to the gate. Several sweepers may run at once: an expiry is a
 * conditional change of the row, and the gate takes each return once. A crash after the gate's answer and before the
 * ledger's mark repeats the return, and the gate ignores it.
 */
export function startSweeper(options: SweeperOptions): Sweeper {
  const { intervalMs = 500, health = unwatchedPart, now = systemClock.now } = options;
  let cleanAtMs = now();
  const stopping = new AbortController();
  const { signal } = stopping;
  let running: Promise<SweepResult> | undefined;

  const sweep = (): Promise<SweepResult> => {
    running ??= sweepOnce(options, signal).finally(() => (running = undefined));
    return running;
  };
  const report = async (): Promise<void> => {
    try {
      const { failed, reason } = await sweep();
      if (failed > 0) return health.degraded(`the gate did not take ${failed} returned units: ${reason}`);
      cleanAtMs = now();
      health.ok();
    } catch (error) {
      health.down(`a sweep failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const sweepRegularly = async (): Promise<void> => {
    for (let pauseMs = 0; ; pauseMs = intervalMs) {
      await pause(pauseMs, signal);
      if (signal.aborted) return;
      await report();
    }
  };
  const sweeping = sweepRegularly();

  return {
    sweep,
    get cleanAtMs() {
      return cleanAtMs;
    },
    async stop() {
      stopping.abort();
      await running?.catch(() => {});
      await sweeping;
    },
  };
}

/** Repeats full steps at once, so that many expiries do not wait for the next sweep. */
async function sweepOnce(options: SweeperOptions, signal: AbortSignal): Promise<SweepResult> {
  const { orders, returns, maxBatch = 500, now = systemClock.now } = options;
  let expired = 0;
  while (!signal.aborted) {
    const step = await orders.expireUnpaid(now(), maxBatch);
    expired += step;
    if (step < maxBatch) break;
  }
  let applied = 0;
  while (!signal.aborted) {
    const pending = await returns.pending(maxBatch);
    const { heard, reason } = await giveBackAll(options, pending);
    await returns.markReturned(heard);
    applied += heard.length;
    // Another step would read the failed returns again, so they are left to the next sweep.
    if (heard.length < pending.length) return { expired, applied, failed: pending.length - heard.length, ...reason };
    if (pending.length < maxBatch) break;
  }
  return { expired, applied, failed: 0 };
}

/** The reservations whose return the gate has answered; "ignored" is an answer. */
async function giveBackAll(
  { gate }: SweeperOptions,
  returns: readonly StockReturn[],
): Promise<{ heard: string[]; reason: { reason?: string } }> {
  const results = await Promise.allSettled(returns.map((stockReturn) => gate.giveBack(stockReturn)));
  const heard: string[] = [];
  let reason: { reason?: string } = {};
  for (const [index, result] of results.entries()) {
    const { reservationId } = returns[index] as StockReturn;
    if (result.status === "fulfilled") heard.push(reservationId);
    else reason = { reason: `${reservationId}: ${String(result.reason)}` };
  }
  return { heard, reason };
}
