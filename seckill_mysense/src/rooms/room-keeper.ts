import { publicValueBytes, seedOf } from "fair-draw";
import { unwatchedPart } from "../health/part-sources.ts";
import type { HealthPart } from "../health/health-board.ts";
import type { LedgerRooms, Room, RoomState } from "../ledger/rooms.ts";
import type { Logger } from "../logging/logger.ts";
import type { Clock } from "../time/clock.ts";
import { pause } from "../time/pause.ts";
import { asPublicValue, type BeaconReader } from "./beacon-reader.ts";
import { publicValueOf, rulesOf } from "./disclosure.ts";
import { rootOf } from "./drawn-entries.ts";
import { fastSha256 } from "./fast-hash.ts";

export interface RoomKeeperOptions {
  readonly rooms: LedgerRooms;
  /** Undefined: operators give the values of beacons. */
  readonly beacon?: Pick<BeaconReader, "read"> | undefined;
  readonly logger: Logger;
  readonly health?: HealthPart;
  readonly now: Clock["now"];
  readonly intervalMs?: number;
}

export interface RoomKeeper {
  /** Takes each room as far as it is due, and resolves when that is done. */
  round(): Promise<void>;
  stop(): Promise<void>;
}

/** A ballot's places come back when orders end, at any time, and counting the orders costs something. */
const ballotEveryMs = 2_000;

/** Rooms that are drawn are looked after for this long after the end of their sale. */
const keptAfterEndMs = 60_000;

/**
 * Takes rooms through their draw, and passes unused places on. Several keepers may run at once: each step is a pure
 * function of what the ledger has, and is written once.
 */
export function startRoomKeeper(options: RoomKeeperOptions): RoomKeeper {
  const { rooms, now, health = unwatchedPart, intervalMs = 250 } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const running = new Map<number, Promise<void>>();
  const passedOnMs = new Map<number, number>();
  let troubles: ReadonlyMap<number, string | undefined> = new Map();
  /** A room may wait for a beacon that does not answer: no other one waits for it. */
  const begin = async (): Promise<void> => {
    const listed = await rooms.list(now() - keptAfterEndMs);
    if (signal.aborted) return;
    const kept = listed.filter(({ isCancelled }) => !isCancelled).map(({ room }) => room);
    const known = new Map(kept.map((room) => [room.id, troubles.get(room.id)]));
    troubles = known;
    for (const room of kept) {
      if (running.has(room.id)) continue;
      const step = keepRoom({ ...options, passedOnMs }, room)
        .catch((error: unknown) => `it cannot be looked after: ${String(error)}`)
        .then((why) => void known.set(room.id, why && `room of sale ${room.saleId}: ${why}`))
        .finally(() => running.delete(room.id));
      running.set(room.id, step);
    }
  };
  const tell = (): void => {
    const present = [...troubles.values()].filter((trouble) => trouble !== undefined);
    if (present.length === 0) health.ok();
    else health.degraded(present.join("; "));
  };
  const keep = async (): Promise<void> => {
    for (; !signal.aborted; await pause(intervalMs, signal)) {
      await begin().then(tell, (error: unknown) => health.down(`rooms cannot be looked after: ${String(error)}`));
    }
  };
  const keeping = keep();
  return {
    async round() {
      await Promise.all(running.values());
      await begin();
      await Promise.all(running.values());
      tell();
    },
    async stop() {
      stopping.abort();
      await keeping;
      await Promise.all(running.values());
    },
  };
}

interface RoomContext extends RoomKeeperOptions {
  /** When each room's places were last passed on, by the ledger's clock. */
  readonly passedOnMs: Map<number, number>;
}

/** Takes the steps that are due. Resolves with what keeps the room from its order, in words. */
async function keepRoom(options: RoomContext, room: Room): Promise<string | undefined> {
  const { rooms, logger, passedOnMs } = options;
  const state = await rooms.state(room.id);
  if (state === undefined) return undefined;
  if (state.beginsAtMs !== undefined) {
    if (room.mode === "ballot" && Math.abs(state.nowMs - (passedOnMs.get(room.id) ?? -Infinity)) < ballotEveryMs)
      return undefined;
    passedOnMs.set(room.id, state.nowMs);
    const passedOn = await rooms.passOn(room.id);
    if (passedOn > 0) logger.info("unused places were passed on", { saleId: room.saleId, places: passedOn });
    return undefined;
  }
  if (room.mode === "queue") {
    const hasBegun = await rooms.beginQueue(room.id);
    if (hasBegun) logger.info("the queue of a sale is admitted", { saleId: room.saleId });
    return undefined;
  }
  return drawRoom(options, room, state);
}

async function drawRoom(options: RoomKeeperOptions, room: Room, before: RoomState): Promise<string | undefined> {
  const { rooms, logger } = options;
  const { id, saleId } = room;
  if (before.drawn === undefined && !(await rooms.close(id))) return undefined;
  let state = (await rooms.state(id))!;
  const entries = state.drawn!.entries;
  if (before.drawn === undefined) logger.info("the entry of a room is closed", { saleId, entries });
  if (state.root === undefined) {
    await rooms.announce(id, await rootOf(rooms, room, entries));
    logger.info("the entries that are drawn are announced", { saleId, entries });
  }
  const trouble = state.publicValue === undefined ? await findPublicValue(options, room, state.nowMs) : undefined;
  if (trouble !== undefined) return trouble;
  state = (await rooms.state(id))!;
  const publicValue = publicValueOf(room, state);
  if (state.root === undefined || publicValue === undefined) return "the draw waits for its public value";
  const parts = { rules: room.rulesHash, secret: room.secret, root: state.root };
  await rooms.draw(id, seedOf({ ...parts, publicValue: publicValueBytes(publicValue) }, fastSha256));
  logger.info("the order of a room is drawn", { saleId, entries });
  return undefined;
}

/** The value of no source is known at once, that of a beacon when its round has come. Resolves with what is wrong. */
async function findPublicValue(
  { rooms, beacon, logger }: RoomKeeperOptions,
  room: Room,
  nowMs: number,
): Promise<string | undefined> {
  const rules = rulesOf(room);
  if (rules.mode === "queue") return undefined;
  const { publicValue: source } = rules;
  if (source.kind === "none") {
    await rooms.publish(room.id, { kind: "none" });
    return undefined;
  }
  if (source.kind !== "drand" || beacon === undefined) return undefined;
  try {
    const answer = await beacon.read(source, nowMs);
    if (answer === undefined) return undefined;
    const outcome = await rooms.publish(room.id, asPublicValue(answer));
    if (outcome.kind === "refused") return `the beacon's answer is refused: ${outcome.reason}`;
    logger.info("the public value of a draw is known", { saleId: room.saleId, round: source.round });
    return undefined;
  } catch (error) {
    return `the beacon cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}
