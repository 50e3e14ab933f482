import type { HealthPart } from "../health/health-board.ts";
import { knownAfterEndMs } from "../domain/sale.ts";
import type { LedgerRooms, ListedRoom } from "../ledger/rooms.ts";
import type { Logger } from "../logging/logger.ts";
import type { Clock } from "../time/clock.ts";
import { FollowedRoom } from "./followed-room.ts";

export interface RoomFollowerOptions extends Clock {
  readonly rooms: LedgerRooms;
  /** Is told whether the ledger can be read. */
  readonly health: HealthPart;
  readonly logger: Logger;
  /** Most rooms that are kept in memory. */
  readonly maxRooms: number;
}

/** With the time that a reading takes, every gateway knows a change within a second. */
export const roomsReadEveryMs = 500;
/** How often the ledger is asked for rooms that are new. */
const listEveryMs = 1_000;
/** A room whose sale is over is read as seldom as this: it is kept for those who want to check its draw. */
const endedReadEveryMs = 30_000;

/**
 * Keeps the rooms of running and coming sales as the ledger has them. While the ledger cannot be read, a gateway goes on
 * telling places by what it knows; nobody enters then, and nobody gets a token.
 */
export class RoomFollower {
  readonly #options: RoomFollowerOptions;
  #rooms = new Map<string, FollowedRoom>();
  #listedMs = -Infinity;
  #leftOut = 0;
  #reading = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(options: RoomFollowerOptions) {
    this.#options = options;
  }

  /** Rejects if the first reading fails. */
  async start(): Promise<void> {
    await this.read();
    this.#readLater();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** Undefined for a sale without a room, and for a room for which there is no place in memory. */
  of(saleId: string): FollowedRoom | undefined {
    return this.#rooms.get(saleId);
  }

  get gauges(): Readonly<Record<string, number>> {
    const rooms = [...this.#rooms.values()];
    const sum = (of: (room: FollowedRoom) => number): number => rooms.reduce((total, room) => total + of(room), 0);
    return {
      seckill_rooms: rooms.length,
      seckill_rooms_left_out: this.#leftOut,
      seckill_room_entries: sum(({ state }) => state?.line.entries ?? 0),
      seckill_room_admitted: sum(({ admitted }) => admitted),
      seckill_room_used: sum(({ state }) => state?.used ?? 0),
      seckill_room_passed_on: sum(({ state }) => state?.passedOn ?? 0),
      seckill_room_places_bytes: sum(({ memoryBytes }) => memoryBytes),
    };
  }

  /** How many come in within a second, by sale; 0 on hold. */
  get rates(): Readonly<Record<string, number>> {
    const rateOf = ({ state }: FollowedRoom): number => (state?.isOnHold === false ? state.per1000Seconds / 1_000 : 0);
    return Object.fromEntries([...this.#rooms].map(([saleId, room]) => [saleId, rateOf(room)]));
  }

  /** What each room does, by sale. */
  get states(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#rooms].map(([saleId, room]) => [saleId, phaseOf(room)]));
  }

  /** One reading at a time: of two, the older one could end last. */
  read(): Promise<void> {
    this.#reading = this.#reading.catch(() => {}).then(() => this.#readAll());
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    const { rooms, elapsedMs } = this.#options;
    if (elapsedMs() - this.#listedMs >= listEveryMs) await this.#list();
    const due = [...this.#rooms.values()].filter((room) => !room.isOver || room.ageMs >= endedReadEveryMs);
    await Promise.all(due.map((room) => room.read(rooms)));
    this.#tell();
  }

  /** A fall-back is told until the room is over: entries are missing, and no reading brings them back. */
  #tell(): void {
    const { health } = this.#options;
    const rooms = [...this.#rooms.values()];
    const troubled = rooms.find(({ trouble }) => trouble !== undefined);
    const older = rooms.find(({ fellBack, isOver }) => fellBack && !isOver);
    if (troubled !== undefined) {
      const { room, trouble } = troubled;
      health.degraded(`the places of the room of sale ${room.saleId} are not known here: ${trouble}`);
    } else if (older !== undefined) {
      health.degraded(
        `the ledger fell back to an older state: entries of the room of sale ${older.room.saleId} are gone`,
      );
    } else health.ok();
  }

  async #list(): Promise<void> {
    const { rooms, now, elapsedMs, maxRooms, logger } = this.#options;
    const clock = { now, elapsedMs };
    const listed = await rooms.list(now() - knownAfterEndMs);
    const isOver = ({ endsAtMs, isCancelled }: ListedRoom): boolean => isCancelled || endsAtMs <= now();
    const running = listed.filter((one) => !isOver(one));
    // Those that are over are left out first, and of them those that ended first.
    const chosen = [...running, ...listed.filter(isOver).toReversed()].slice(0, maxRooms);
    const kept = chosen.map((one) => {
      const room = this.#rooms.get(one.room.saleId) ?? new FollowedRoom(one.room, clock);
      room.noteEnd(isOver(one));
      return room;
    });
    this.#rooms = new Map(kept.map((room) => [room.room.saleId, room]));
    this.#listedMs = elapsedMs();
    const leftOut = Math.max(0, running.length - maxRooms);
    if (leftOut > this.#leftOut)
      logger.warn("waiting rooms are left out: there are more than limits.rooms", { leftOut });
    this.#leftOut = leftOut;
  }

  #readLater(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#follow(), roomsReadEveryMs);
  }

  async #follow(): Promise<void> {
    await this.read().catch((error: unknown) => {
      this.#options.health.degraded(`changes of waiting rooms are not known here: ${String(error)}`);
    });
    this.#readLater();
  }
}

/** 0 before the entry, 1 open, 2 closed and not drawn, 3 admitting, 4 on hold. */
function phaseOf(followed: FollowedRoom): number {
  const { state, room } = followed;
  if (state === undefined || followed.nowMs() < room.opensAtMs) return 0;
  if (state.beginsAtMs !== undefined) return state.isOnHold ? 4 : 3;
  return state.drawn === undefined ? 1 : 2;
}
