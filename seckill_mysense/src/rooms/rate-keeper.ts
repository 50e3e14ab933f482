import { type CheckoutLoad, controlRate, type RateControl, watchRate } from "../domain/admission-rate.ts";
import { unwatchedPart } from "../health/part-sources.ts";
import type { HealthPart } from "../health/health-board.ts";
import type { LedgerRooms, Room } from "../ledger/rooms.ts";
import type { Logger } from "../logging/logger.ts";
import type { Clock } from "../time/clock.ts";
import { pause } from "../time/pause.ts";

export interface RateKeeperOptions extends Clock {
  readonly rooms: Pick<LedgerRooms, "list" | "state" | "moveRate">;
  /** How the checkout does now. */
  readonly load: () => Promise<CheckoutLoad>;
  readonly logger: Logger;
  readonly health?: HealthPart;
  readonly intervalMs?: number;
}

export interface RateKeeper {
  /** Looks at the load once, and moves the rates that are to follow it. */
  round(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Moves the rates of rooms that follow the load of the checkout. Several keepers may run at once: of two moves from one
 * rate one gets through, and the other keeper goes on from there.
 */
export function startRateKeeper(options: RateKeeperOptions): RateKeeper {
  const { logger, health = unwatchedPart, intervalMs = 1_000 } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let controls: ReadonlyMap<number, RateControl> = new Map();
  const round = async (): Promise<void> => {
    const [listed, load] = await Promise.all([options.rooms.list(options.now()), options.load()]);
    const kept = new Map<number, RateControl>();
    const slow: string[] = [];
    for (const { room, isCancelled } of listed) {
      const moved = isCancelled ? undefined : await keepRate(options, { room, control: controls.get(room.id), load });
      if (moved === undefined) continue;
      kept.set(room.id, moved.control);
      if (moved.floorWhy !== undefined)
        slow.push(`sale ${room.saleId} admits no more than its least: ${moved.floorWhy}`);
    }
    controls = kept;
    if (slow.length === 0) health.ok();
    else health.degraded(slow.join("; "));
  };
  const keep = async (): Promise<void> => {
    for (; !signal.aborted; await pause(intervalMs, signal)) {
      await round().catch((error: unknown) => {
        health.degraded(`rates cannot follow the load: ${String(error)}`);
        logger.debug("rates cannot follow the load", { error: String(error) });
      });
    }
  };
  const keeping = keep();
  return {
    round,
    async stop() {
      stopping.abort();
      await keeping;
    },
  };
}

interface KeptRoom {
  readonly room: Room;
  readonly control: RateControl | undefined;
  readonly load: CheckoutLoad;
}

/** Undefined for a room whose rate is as operators set it, or that admits nobody now. */
async function keepRate(
  { rooms, logger, elapsedMs }: RateKeeperOptions,
  { room, control, load }: KeptRoom,
): Promise<{ readonly control: RateControl; readonly floorWhy: string | undefined } | undefined> {
  const state = await rooms.state(room.id);
  const range = state?.rateRange;
  if (state === undefined || range === undefined || state.beginsAtMs === undefined || state.isOnHold) return undefined;
  const known = watchRate(control, state.per1000Seconds, elapsedMs());
  const step = controlRate(known, load, range, elapsedMs());
  const { rate } = step.control;
  const why = "why" in step ? step.why : undefined;
  const floorWhy = rate <= range.least ? why : undefined;
  if (step.change === "none") return { control: step.control, floorWhy };
  // Somebody else was faster: the next look finds the rate.
  if (!(await rooms.moveRate(room.id, { from: known.rate, to: rate }))) return { control: known, floorWhy };
  const perSecond = { from: known.rate / 1_000, to: rate / 1_000 };
  logger.info("the rate of admission follows the load", {
    saleId: room.saleId,
    ...perSecond,
    ...(why && { reason: why }),
  });
  return { control: step.control, floorWhy };
}
