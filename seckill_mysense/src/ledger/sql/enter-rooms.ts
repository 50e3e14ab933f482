import { leafOf, nextHead, type Sha256 } from "fair-draw";
import { catchUp } from "../../domain/room.ts";
import type { SaleChange } from "../../domain/sale-change.ts";
import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import type { EnterOutcome, EnterRequest, RoomEntry } from "../rooms.ts";
import { addStep, lockRoom, readSteps, toRoomEntry, type RoomContext, type StoredRoom } from "./room-rows.ts";

/** Most rows of one INSERT. */
const maxInserted = 500;

/** The platform's own, which is many times faster: a batch hashes under the lock of its room. */
const sha256: Sha256 = (bytes) => new Bun.CryptoHasher("sha256").update(bytes).digest();

/** Gives people their numbers, in the caller's transaction. The lock of the room puts all batches in one order. */
export async function enterRooms(
  transaction: LedgerTransaction,
  requests: readonly EnterRequest[],
  context: RoomContext,
): Promise<EnterOutcome[]> {
  const outcomes = new Map<EnterRequest, EnterOutcome>();
  // In the order of their ids, so that no two transactions wait for each other.
  const byRoom = [...Map.groupBy(requests, ({ roomId }) => roomId)].toSorted(([a], [b]) => a - b);
  for (const [roomId, some] of byRoom) {
    const room = await lockRoom(transaction, roomId, context);
    const decided = room === undefined ? undefined : await enterOne(transaction, room, some, context);
    for (const request of some) outcomes.set(request, decided?.get(keyOf(request)) ?? { kind: "not_open" });
  }
  return requests.map((request) => outcomes.get(request) as EnterOutcome);
}

async function enterOne(
  transaction: LedgerTransaction,
  room: StoredRoom,
  requests: readonly EnterRequest[],
  context: RoomContext,
): Promise<Map<string, EnterOutcome>> {
  const known = await readKnown(transaction, room.id, requests);
  const nowMs = Math.max(await context.nowMs(transaction), room.last_entry_ms);
  const isOpen = nowMs >= room.opens_at_ms;
  const changes = closing(room, nowMs);
  const isLate = room.drawn_entries !== null || changes.drawn_entries !== undefined;
  // A clock that is set back makes nobody look early who came late.
  const enteredAtMs = isLate ? Math.max(nowMs, room.closes_at_ms ?? 0) : nowMs;
  const outcomes = new Map<string, EnterOutcome>();
  const added: RoomEntry[] = [];
  let { entries, head } = room;
  for (const request of requests) {
    const key = keyOf(request);
    const before = known.get(key);
    if (outcomes.get(key)?.kind === "entered") continue;
    if (before !== undefined) outcomes.set(key, { kind: "entered", entry: before });
    else if (!isOpen) outcomes.set(key, { kind: "not_open" });
    else if (isLate && room.mode === "ballot") outcomes.set(key, { kind: "closed" });
    else if (entries >= request.maxEntries) outcomes.set(key, { kind: "full" });
    else {
      const entry = { number: ++entries, pseudonym: request.pseudonym, enteredAtMs };
      head = nextHead(head, leafOf(room.rules_hash, { ...entry, time: enteredAtMs }, sha256), sha256);
      added.push(entry);
      outcomes.set(key, { kind: "entered", entry });
    }
  }
  const stepped = added.length > 0 && (await stopRunningAhead(transaction, room, nowMs));
  const isChanged = changes.drawn_entries !== undefined || stepped;
  if (added.length === 0 && !isChanged) return outcomes;
  await insertEntries(transaction, room.id, added);
  await transaction
    .updateTable("rooms")
    .set({ ...changes, entries, head: Buffer.from(head), last_entry_ms: enteredAtMs })
    .$if(isChanged, (query) => query.set({ revision: room.revision + 1 }))
    .where("id", "=", room.id)
    .execute();
  return outcomes;
}

/** The first batch after the closing writes down who came before it: so no entry is on both sides. */
export function closing(
  { mode, closes_at_ms, drawn_entries, entries, head }: StoredRoom,
  nowMs: number,
): { readonly drawn_entries?: number; readonly drawn_head?: Uint8Array } {
  const isDue = mode !== "queue" && closes_at_ms !== null && nowMs >= closes_at_ms && drawn_entries === null;
  return isDue ? { drawn_entries: entries, drawn_head: head } : {};
}

/**
 * Whether a sale's room is closed, or has begun to admit. Asked only for a change that moves the start: it locks the room,
 * so that this stays true until the caller's transaction ends.
 */
export async function isStartFixed(
  transaction: LedgerTransaction,
  { saleId, change }: { readonly saleId: string; readonly change: SaleChange },
  context: RoomContext,
): Promise<boolean> {
  if (change.kind !== "update" || change.startsAtMs === undefined) return false;
  const found = await transaction.selectFrom("rooms").select("id").where("sale_id", "=", saleId).executeTakeFirst();
  const room = found && (await lockRoom(transaction, found.id, context));
  if (room === undefined) return false;
  if (room.drawn_entries !== null || room.begins_at_ms !== null) return true;
  return closing(room, await context.nowMs(transaction)).drawn_entries !== undefined;
}

async function stopRunningAhead(
  transaction: LedgerTransaction,
  { id, begins_at_ms, entries }: StoredRoom,
  nowMs: number,
): Promise<boolean> {
  if (begins_at_ms === null) return false;
  const steps = await readSteps(transaction, id);
  const step = catchUp(steps, entries, nowMs);
  if (step !== undefined) await addStep(transaction, id, step, steps);
  return step !== undefined;
}

/** Those of these who have entered, by `keyOf`. */
export async function readKnown(
  database: LedgerReader,
  roomId: number,
  requests: readonly Pick<EnterRequest, "pseudonym">[],
): Promise<Map<string, RoomEntry>> {
  const pseudonyms = [...new Map(requests.map((request) => [keyOf(request), request.pseudonym])).values()];
  const rows = await database
    .selectFrom("room_entries")
    .selectAll()
    .where("room_id", "=", roomId)
    .where(
      "pseudonym",
      "in",
      pseudonyms.map((one) => Buffer.from(one)),
    )
    .execute();
  return new Map(rows.map((row) => [keyOf(row), toRoomEntry(row)]));
}

async function insertEntries(
  transaction: LedgerTransaction,
  roomId: number,
  entries: readonly RoomEntry[],
): Promise<void> {
  for (let start = 0; start < entries.length; start += maxInserted) {
    const rows = entries.slice(start, start + maxInserted).map(({ number, pseudonym, enteredAtMs }) => {
      return { room_id: roomId, number, pseudonym: Buffer.from(pseudonym), entered_at_ms: enteredAtMs };
    });
    await transaction.insertInto("room_entries").values(rows).execute();
  }
}

export const keyOf = ({ pseudonym }: { readonly pseudonym: Uint8Array }): string =>
  Buffer.from(pseudonym).toString("latin1");
