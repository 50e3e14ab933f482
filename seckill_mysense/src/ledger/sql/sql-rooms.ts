import { parsePublicValue, parseRules, publicValueProblem } from "fair-draw";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import {
  type AdmissionChange,
  type EnterOutcome,
  type EnterRequest,
  type LedgerRooms,
  type ListedRoom,
  maxEnterBatch,
  type NumberedStep,
  type PlaceKey,
  type RateMove,
  type Room,
  type RoomEntry,
  type RoomState,
  type UseOutcome,
  type UseRequest,
  type ValueOutcome,
} from "../rooms.ts";
import { CallBatcher } from "./call-batcher.ts";
import { closing, enterRooms, keyOf, readKnown } from "./enter-rooms.ts";
import { changeAdmission, firstStep, moveRate } from "./room-rates.ts";
import { passOnPlaces } from "./pass-on-places.ts";
import { readUses, usePlaces } from "./room-places.ts";
import {
  addStep,
  lockRoom,
  readSteps,
  roomContext,
  type RoomContext,
  type StoredRoom,
  toRoom,
  toRoomEntry,
  toRoomState,
} from "./room-rows.ts";

/** Others may wait for the lock of the same room, so each process has one batch at a time. */
const shared = { maxBatch: maxEnterBatch, maxRunning: 1, maxWaiting: 50_000 };

/** Those who ask need no lock. */
const questions = { maxBatch: 200, maxRunning: 2, maxWaiting: 50_000 };

type EntryKey = Pick<EnterRequest, "roomId" | "pseudonym">;

export class SqlRooms implements LedgerRooms {
  readonly #database: RetryingDatabase;
  readonly #context: RoomContext;
  readonly #enters = new CallBatcher<EnterRequest, EnterOutcome>({
    name: "requests to enter",
    run: (requests) => this.#database.write((transaction) => enterRooms(transaction, requests, this.#context)),
    ...shared,
  });
  readonly #uses = new CallBatcher<UseRequest, UseOutcome>({
    name: "uses of places",
    run: (requests) => this.#database.write((transaction) => usePlaces(transaction, requests, this.#context)),
    ...shared,
  });

  readonly #finds = new CallBatcher<EntryKey, RoomEntry | undefined>({
    name: "questions for entries",
    run: (keys) => this.#findAll(keys),
    ...questions,
  });
  readonly #useQuestions = new CallBatcher<PlaceKey, boolean>({
    name: "questions for uses",
    run: (keys) => this.#areUsed(keys),
    ...questions,
  });

  /** `databaseNow` replaces the database's clock in tests. */
  constructor(database: RetryingDatabase, databaseNow: (() => number) | undefined) {
    this.#database = database;
    this.#context = roomContext(database.dialect, databaseNow);
  }

  async find(saleId: string): Promise<Room | undefined> {
    const row = await this.#database.read((database) =>
      database.selectFrom("rooms").selectAll().where("sale_id", "=", saleId).executeTakeFirst(),
    );
    return row && toRoom(row);
  }

  async list(afterMs: number): Promise<ListedRoom[]> {
    const rows = await this.#database.read((database) =>
      database
        .selectFrom("rooms")
        .innerJoin("sales", "sales.id", "rooms.sale_id")
        .selectAll("rooms")
        .select(["sales.ends_at_ms", "sales.state"])
        .where(({ and, eb, or }) =>
          or([
            eb("sales.ends_at_ms", ">", afterMs),
            eb("rooms.begins_at_ms", ">", afterMs),
            // Its beacon or its witnesses may be late.
            and([eb("rooms.mode", "!=", "queue"), eb("rooms.seed", "is", null), eb("sales.state", "!=", "cancelled")]),
          ]),
        )
        .orderBy("sales.ends_at_ms")
        .orderBy("rooms.id")
        .execute(),
    );
    return rows.map((row) => ({
      ...{ room: toRoom(row), endsAtMs: row.ends_at_ms, isCancelled: row.state === "cancelled" },
    }));
  }

  state(roomId: number): Promise<RoomState | undefined> {
    return this.#database.read(async (database) => {
      const row = await database.selectFrom("rooms").selectAll().where("id", "=", roomId).executeTakeFirst();
      return row && toRoomState(row, await this.#context.nowMs(database));
    });
  }

  steps(roomId: number, fromStep: number): Promise<NumberedStep[]> {
    return this.#database.read((database) => readSteps(database, roomId, fromStep));
  }

  enter(request: EnterRequest): Promise<EnterOutcome> {
    return this.#enters.call(request);
  }

  findEntry(roomId: number, pseudonym: Uint8Array): Promise<RoomEntry | undefined> {
    return this.#finds.call({ roomId, pseudonym });
  }

  #findAll(asked: readonly EntryKey[]): Promise<(RoomEntry | undefined)[]> {
    return this.#database.read(async (database) => {
      const found = new Map<number, ReadonlyMap<string, RoomEntry>>();
      for (const [roomId, some] of Map.groupBy(asked, (key) => key.roomId)) {
        found.set(roomId, await readKnown(database, roomId, some));
      }
      return asked.map((key) => found.get(key.roomId)?.get(keyOf(key)));
    });
  }

  async entries(roomId: number, afterNumber: number, limit: number): Promise<RoomEntry[]> {
    const rows = await this.#database.read((database) =>
      database
        .selectFrom("room_entries")
        .selectAll()
        .where("room_id", "=", roomId)
        .where("number", ">", afterNumber)
        .orderBy("number")
        .limit(limit)
        .execute(),
    );
    return rows.map(toRoomEntry);
  }

  close(roomId: number): Promise<boolean> {
    return this.#change(roomId, (room, nowMs) => ({
      changes: closing(room, nowMs),
      told: room.drawn_entries !== null || closing(room, nowMs).drawn_entries !== undefined,
    })).then((told) => told === true);
  }

  async announce(roomId: number, root: Uint8Array): Promise<void> {
    await this.#change(roomId, ({ drawn_entries, root: known }) => ({
      changes: drawn_entries === null || known !== null ? {} : { root: Buffer.from(root) },
    }));
  }

  async publish(roomId: number, publicValue: unknown): Promise<ValueOutcome> {
    const checked = await this.#checkValue(roomId, publicValue);
    if ("kind" in checked) return checked;
    const told = await this.#change<ValueOutcome>(roomId, ({ public_value: known }) => {
      if (known === null) return { changes: { public_value: Buffer.from(checked.json) }, told: { kind: "written" } };
      const isSame = Buffer.from(known).toString() === checked.json;
      const refused = { kind: "refused", reason: "another public value was written before" } as const;
      return { changes: {}, told: isSame ? { kind: "already" } : refused };
    });
    return told ?? { kind: "refused", reason: "there is no such room" };
  }

  /** Without the lock: a check of signatures takes some milliseconds, and what it reads never changes. */
  async #checkValue(roomId: number, publicValue: unknown): Promise<ValueOutcome | { readonly json: string }> {
    const row = await this.#database.read((database) =>
      database.selectFrom("rooms").selectAll().where("id", "=", roomId).executeTakeFirst(),
    );
    if (row === undefined) return { kind: "refused", reason: "there is no such room" };
    const rules = parseRules(JSON.parse(Buffer.from(row.rules).toString()));
    if (rules.mode === "queue") return { kind: "refused", reason: "a queue has no public value" };
    if (row.root === null) return { kind: "refused", reason: "the entry is not closed and announced yet" };
    try {
      const value = parsePublicValue("the value", publicValue, rules.publicValue);
      const question = { source: rules.publicValue, value, rules: row.rules_hash, root: row.root };
      const reason = publicValueProblem(question);
      return reason === undefined ? { json: JSON.stringify(value) } : { kind: "refused", reason };
    } catch (error) {
      return { kind: "refused", reason: (error as Error).message };
    }
  }

  async draw(roomId: number, seed: Uint8Array): Promise<void> {
    await this.#begin(roomId, (room, _nowMs) => room.seed === null && room.public_value !== null, seed);
  }

  beginQueue(roomId: number): Promise<boolean> {
    return this.#begin(roomId, (room, nowMs, startsAtMs) => room.mode === "queue" && nowMs >= startsAtMs, undefined);
  }

  /** The first step of the admission: not before the start of the sale, since a window of time would be of no use. */
  #begin(
    roomId: number,
    isDue: (room: StoredRoom, nowMs: number, startsAtMs: number) => boolean,
    seed: Uint8Array | undefined,
  ): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      const room = await lockRoom(transaction, roomId, this.#context);
      if (room === undefined) return false;
      if (room.begins_at_ms !== null) return true;
      const { starts_at_ms: startsAtMs } = await transaction
        .selectFrom("sales")
        .select("starts_at_ms")
        .where("id", "=", room.sale_id)
        .executeTakeFirstOrThrow();
      const nowMs = await this.#context.nowMs(transaction);
      if (!isDue(room, nowMs, startsAtMs)) return false;
      const sinceMs = Math.max(nowMs, startsAtMs);
      await addStep(transaction, roomId, firstStep(room, sinceMs), []);
      await transaction
        .updateTable("rooms")
        .set({ begins_at_ms: sinceMs, revision: room.revision + 1 })
        .$if(seed !== undefined, (query) => query.set({ seed: Buffer.from(seed!) }))
        .where("id", "=", roomId)
        .execute();
      return true;
    });
  }

  changeAdmission(roomId: number, change: AdmissionChange, actor: string): Promise<boolean> {
    const asked = { roomId, change, actor };
    return this.#database.write((transaction) => changeAdmission(transaction, asked, this.#context));
  }

  moveRate(roomId: number, move: RateMove): Promise<boolean> {
    return this.#database.write((transaction) => moveRate(transaction, { roomId, ...move }, this.#context));
  }

  use(request: UseRequest): Promise<UseOutcome> {
    return this.#uses.call(request);
  }

  isUsed(key: PlaceKey): Promise<boolean> {
    return this.#useQuestions.call(key);
  }

  #areUsed(asked: readonly PlaceKey[]): Promise<boolean[]> {
    return this.#database.read(async (database) => {
      const used = new Map<number, ReadonlySet<number>>();
      for (const [roomId, some] of Map.groupBy(asked, (key) => key.roomId)) {
        used.set(roomId, await readUses(database, roomId, some));
      }
      return asked.map(({ roomId, place }) => used.get(roomId)?.has(place) === true);
    });
  }

  passOn(roomId: number): Promise<number> {
    return this.#database.write((transaction) => passOnPlaces(transaction, roomId, this.#context));
  }

  /** A change of the room's row under its lock; nothing is written if there is none. */
  #change<Told>(
    roomId: number,
    decide: (room: StoredRoom, nowMs: number) => { readonly changes: Partial<StoredRoom>; readonly told?: Told },
  ): Promise<Told | undefined> {
    return this.#database.write(async (transaction) => {
      const room = await lockRoom(transaction, roomId, this.#context);
      if (room === undefined) return undefined;
      const { changes, told } = decide(room, await this.#context.nowMs(transaction));
      if (Object.keys(changes).length === 0) return told;
      await transaction
        .updateTable("rooms")
        .set({ ...changes, revision: room.revision + 1 })
        .where("id", "=", roomId)
        .execute();
      return told;
    });
  }
}
