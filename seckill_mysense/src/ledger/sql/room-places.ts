import { admittedAt, changeRate, firstNeededStep, lastExpired, passOn, placeState } from "../../domain/room.ts";
import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import type { AdmissionChange, NumberedStep, PlaceKey, RoomEntry, UseOutcome, UseRequest } from "../rooms.ts";
import { keyOf, readKnown } from "./enter-rooms.ts";
import { addStep, lockRoom, readSteps, type RoomContext, type StoredRoom } from "./room-rows.ts";

/**
 * Marks places as used, in the caller's transaction. The lock of the room keeps a place from being used and passed on.
 */
export async function usePlaces(
  transaction: LedgerTransaction,
  asked: readonly UseRequest[],
  context: RoomContext,
): Promise<UseOutcome[]> {
  // A caller may ask twice with one object.
  const requests = asked.map((request) => ({ ...request }));
  const outcomes = new Map<UseRequest, UseOutcome>();
  const byRoom = [...Map.groupBy(requests, ({ roomId }) => roomId)].toSorted(([a], [b]) => a - b);
  for (const [roomId, some] of byRoom) {
    const room = await lockRoom(transaction, roomId, context);
    if (room !== undefined) await useInOne(transaction, room, some, { ...context, outcomes });
  }
  return requests.map((request) => outcomes.get(request) ?? { kind: "unknown" });
}

async function useInOne(
  transaction: LedgerTransaction,
  room: StoredRoom,
  requests: readonly UseRequest[],
  { outcomes, nowMs: readNow }: RoomContext & { readonly outcomes: Map<UseRequest, UseOutcome> },
): Promise<void> {
  const admission = { steps: await readSteps(transaction, room.id), useWithinMs: room.use_within_ms };
  const nowMs = await readNow(transaction);
  const used = await readUses(transaction, room.id, requests);
  const known = await readKnown(transaction, room.id, requests);
  const added: number[] = [];
  for (const request of requests) {
    const { place } = request;
    if (!hasPlace(room, request, known)) continue;
    const { kind } = placeState(admission, place, nowMs);
    const isOpen = kind === "admitted" && place > room.judged;
    const isUsed = used.has(place);
    if (isUsed || isOpen) outcomes.set(request, { kind: "used", isNew: !isUsed, isOpen });
    else outcomes.set(request, { kind: kind === "waiting" ? "waiting" : "expired" });
    if (isUsed || !isOpen) continue;
    used.add(place);
    added.push(place);
  }
  if (added.length === 0) return;
  const rows = added.map((place) => ({ room_id: room.id, place, used_at_ms: nowMs }));
  await transaction.insertInto("room_uses").values(rows).execute();
  await transaction
    .updateTable("rooms")
    .set({ used: room.used + added.length })
    .where("id", "=", room.id)
    .execute();
}

/** Whether the ledger has this entry, and gives it this place. A ledger that fell back to an older state may not. */
function hasPlace(
  { drawn_entries, seed: known }: StoredRoom,
  { number, place, pseudonym, seed }: UseRequest,
  entries: ReadonlyMap<string, RoomEntry>,
): boolean {
  if (entries.get(keyOf({ pseudonym }))?.number !== number) return false;
  if (number > (drawn_entries ?? 0)) return place === number;
  return known !== null && seed !== undefined && Buffer.compare(known, seed) === 0;
}

/** Which of these places of one room were used. */
export async function readUses(
  database: LedgerReader,
  roomId: number,
  keys: readonly Pick<PlaceKey, "place">[],
): Promise<Set<number>> {
  const places = keys.map(({ place }) => place);
  const rows = await database
    .selectFrom("room_uses")
    .select("place")
    .where("room_id", "=", roomId)
    .where("place", "in", [...new Set(places)])
    .execute();
  return new Set(rows.map(({ place }) => place));
}

export interface AskedChange {
  readonly roomId: number;
  readonly change: AdmissionChange;
  readonly actor: string;
}

/** Changes rate or hold, in the caller's transaction. The new rate holds from now on. */
export async function changeAdmission(
  transaction: LedgerTransaction,
  { roomId, change, actor }: AskedChange,
  context: RoomContext,
): Promise<boolean> {
  const room = await lockRoom(transaction, roomId, context);
  if (room === undefined) return false;
  const isOnHold = change.kind === "rate" ? room.on_hold === 1 : change.kind === "hold";
  const per1000Seconds = change.kind === "rate" ? change.per1000Seconds : room.per_1000_seconds;
  const isSame = Number(isOnHold) === room.on_hold && per1000Seconds === room.per_1000_seconds;
  if (isSame) return true;
  const nowMs = await context.nowMs(transaction);
  if (room.begins_at_ms !== null) {
    const steps = await readSteps(transaction, roomId);
    await addStep(transaction, roomId, changeRate(steps, isOnHold ? 0 : per1000Seconds, nowMs), steps);
  }
  await transaction
    .updateTable("rooms")
    .set({ on_hold: Number(isOnHold), per_1000_seconds: per1000Seconds, revision: room.revision + 1 })
    .where("id", "=", roomId)
    .execute();
  const before = { perSecond: room.per_1000_seconds / 1_000, onHold: room.on_hold === 1 };
  const after = { perSecond: per1000Seconds / 1_000, onHold: isOnHold };
  await logRoomChange(transaction, room.sale_id, { action: `room ${change.kind}`, actor, nowMs, before, after });
  return true;
}

interface RoomChange {
  readonly action: string;
  readonly actor: string;
  readonly nowMs: number;
  readonly before: object;
  readonly after: object;
}

/** The sale keeps its version: nothing that was published has changed. */
async function logRoomChange(
  transaction: LedgerTransaction,
  saleId: string,
  { action, actor, nowMs, before, after }: RoomChange,
): Promise<void> {
  const { version } = await transaction
    .selectFrom("sales")
    .select("version")
    .where("id", "=", saleId)
    .executeTakeFirstOrThrow();
  const changes = { before_change: JSON.stringify(before), after_change: JSON.stringify(after) };
  const stamp = { sale_id: saleId, product_id: null, version, action, actor: actor.slice(0, 200), at_ms: nowMs };
  await transaction
    .insertInto("sale_changes")
    .values({ ...stamp, change_id: null, ...changes })
    .execute();
}

/**
 * Looks at the places whose window has ended since the last time, in the caller's transaction, and admits as many others
 * as have not used theirs. On hold nobody is admitted, so they wait until the room is opened.
 */
export async function passOnPlaces(
  transaction: LedgerTransaction,
  roomId: number,
  context: RoomContext,
): Promise<number> {
  const room = await lockRoom(transaction, roomId, context);
  if (room === undefined || room.begins_at_ms === null || room.on_hold === 1) return 0;
  const steps = await readSteps(transaction, roomId);
  const nowMs = await context.nowMs(transaction);
  const admission = { steps, useWithinMs: room.use_within_ms };
  const last = lastExpired(admission, { from: room.judged, entries: room.entries, nowMs });
  if (last === room.judged) return 0;
  const unused = last - room.judged - (await countUses(transaction, roomId, room.judged, last));
  // Nothing is saved up for those who come later.
  const passed = Math.min(unused, Math.max(0, room.entries - admittedAt(steps, nowMs)));
  if (passed > 0) await addStep(transaction, roomId, passOn(steps, passed, nowMs), steps);
  await forgetSteps(transaction, room, steps, nowMs);
  await transaction
    .updateTable("rooms")
    .set({ judged: last, passed_on: room.passed_on + passed, revision: room.revision + 1 })
    .where("id", "=", roomId)
    .execute();
  return passed;
}

async function countUses(transaction: LedgerTransaction, roomId: number, after: number, upTo: number) {
  const { count } = await transaction
    .selectFrom("room_uses")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("room_id", "=", roomId)
    .where("place", ">", after)
    .where("place", "<=", upTo)
    .executeTakeFirstOrThrow();
  return count;
}

async function forgetSteps(
  transaction: LedgerTransaction,
  { id, use_within_ms }: StoredRoom,
  steps: readonly NumberedStep[],
  nowMs: number,
): Promise<void> {
  const first = steps[firstNeededStep(steps, use_within_ms, nowMs)];
  if (first === undefined || first === steps[0]) return;
  await transaction.deleteFrom("room_steps").where("room_id", "=", id).where("step", "<", first.step).execute();
}
