import type { StockReturn } from "../domain/order.ts";
import type { Gate } from "../gate/gate.ts";
import { silentLogger, type Logger } from "../logging/logger.ts";
import { systemTime } from "./clock.ts";
import type { Ledger } from "../ledger/ledger.ts";

export interface SweeperOptions {
  readonly ledger: Pick<Ledger, "expireUnpaid" | "pendingReturns" | "markReturned">;
  readonly gate: Pick<Gate, "giveBack">;
  readonly logger?: Logger;
  /** Pause between two sweeps. */
  readonly intervalMs?: number;
  /** Orders and returns in one step of a sweep. */
  readonly maxBatch?: number;
  /** Unix milliseconds. */
  readonly now?: () => number;
}

export interface SweepResult {
  readonly expired: number;
  /** Returns that the gate has heard of, whether they put a unit back or were none any more. */
  readonly applied: number;
  /** Returns that the gate could not be told of now. */
  readonly failed: number;
}

export interface Sweeper {
  /** Sweeps at once; while a sweep runs, its result. */
  sweep(): Promise<SweepResult>;
  /** Lets a running sweep finish its step. */
  stop(): Promise<void>;
}

/**
 * Expires unpaid orders and brings released units back to the gate. Any number may run: expiry is a conditional change
 * of the row, and the gate takes each return once. A crash between the gate and the mark repeats the return, which the
 * gate then ignores.
 */
export function startSweeper(options: SweeperOptions): Sweeper {
  const { intervalMs = 500, logger = silentLogger } = options;
  let stopped = false;
  let running: Promise<SweepResult> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const sweep = (): Promise<SweepResult> => {
    running ??= sweepOnce(options, () => stopped).finally(() => (running = undefined));
    return running;
  };
  const sweepRegularly = async (): Promise<void> => {
    try {
      await sweep();
    } catch (error) {
      logger.error("a sweep failed", { error: error instanceof Error ? error.message : String(error) });
    }
    if (!stopped) timer = setTimeout(() => void sweepRegularly(), intervalMs);
  };
  timer = setTimeout(() => void sweepRegularly(), 0);

  return {
    sweep,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running?.catch(() => {});
    },
  };
}

/** Goes on while steps come back full, so that a crowd of expiries does not wait for the next sweep. */
async function sweepOnce(options: SweeperOptions, isStopped: () => boolean): Promise<SweepResult> {
  const { ledger, maxBatch = 500, now = systemTime } = options;
  let expired = 0;
  while (!isStopped()) {
    const step = await ledger.expireUnpaid(now(), maxBatch);
    expired += step;
    if (step < maxBatch) break;
  }
  let applied = 0;
  while (!isStopped()) {
    const returns = await ledger.pendingReturns(maxBatch);
    const heard = await giveBackAll(options, returns);
    await ledger.markReturned(heard);
    applied += heard.length;
    // The same returns would come again: the next sweep tries them.
    if (heard.length < returns.length) return { expired, applied, failed: returns.length - heard.length };
    if (returns.length < maxBatch) break;
  }
  return { expired, applied, failed: 0 };
}

/** The reservations whose return the gate has answered; "ignored" is an answer. */
async function giveBackAll(
  { gate, logger = silentLogger }: SweeperOptions,
  returns: readonly StockReturn[],
): Promise<string[]> {
  const results = await Promise.allSettled(returns.map((stockReturn) => gate.giveBack(stockReturn)));
  const heard: string[] = [];
  for (const [index, result] of results.entries()) {
    const { reservationId, productId } = returns[index] as StockReturn;
    if (result.status === "fulfilled") heard.push(reservationId);
    else logger.warn("the gate did not take a return", { reservationId, productId, error: String(result.reason) });
  }
  return heard;
}
