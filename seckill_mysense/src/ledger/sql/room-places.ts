import { activeStates } from "../../domain/order.ts";
import { admittedAt, firstNeededStep, lastExpired, passOn, placeState } from "../../domain/room.ts";
import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import type { NumberedStep, PlaceKey, RoomEntry, UseOutcome, UseRequest } from "../rooms.ts";
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
  const added: UseRequest[] = [];
  for (const request of requests) {
    const { place } = request;
    if (!hasPlace(room, request, known)) continue;
    const state = placeState(admission, place, nowMs);
    const openUntilMs = state.kind === "admitted" && place > room.judged ? state.untilMs : undefined;
    const isUsed = used.has(place);
    if (isUsed || openUntilMs !== undefined) outcomes.set(request, { kind: "used", isNew: !isUsed, openUntilMs });
    else outcomes.set(request, { kind: state.kind === "waiting" ? "waiting" : "expired" });
    if (isUsed || openUntilMs === undefined) continue;
    used.add(place);
    added.push(request);
  }
  if (added.length === 0) return;
  const userOf = ({ userId }: UseRequest): string | null => (room.mode === "ballot" ? (userId ?? null) : null);
  const rows = added.map((use) => ({ room_id: room.id, place: use.place, used_at_ms: nowMs, user_id: userOf(use) }));
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

/**
 * What was asked for at the end of a window may come into the ledger later, and the clock by which a token ends may be
 * that of another machine.
 */
const recordedWithinMs = 5_000;

/**
 * Looks at the places whose window has ended since the last time, in the caller's transaction, and admits as many others
 * as have not used theirs. On hold nobody is admitted, so they wait until the room is opened. A ballot's places are looked
 * at each time: an order may expire long after the window.
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
  const isBallot = room.mode === "ballot";
  const admission = { steps, useWithinMs: room.use_within_ms };
  const endedMs = isBallot ? nowMs - recordedWithinMs : nowMs;
  const last = lastExpired(admission, { from: room.judged, entries: room.entries, nowMs: endedMs });
  if (last === room.judged && (!isBallot || last === 0)) return 0;
  if (isBallot) await endWaits(transaction, room, last, nowMs);
  const admitted = admittedAt(steps, nowMs);
  const unused = isBallot
    ? (room.winners ?? 0) + last - (await countHolders(transaction, room, last)) - admitted
    : last - room.judged - (await countUses(transaction, roomId, room.judged, last));
  // Nothing is saved up for those who come later.
  const passed = Math.max(0, Math.min(unused, room.entries - admitted));
  if (passed === 0 && last === room.judged) return 0;
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

/** Most waits that one look ends. */
const maxEndedWaits = 500;

/**
 * Takes those whose window in a ballot is over out of the waiting lists of its sale: what comes back is for the next places.
 * Hardly ever does somebody wait, so nothing is locked to find out.
 */
async function endWaits(
  transaction: LedgerTransaction,
  { id, sale_id }: StoredRoom,
  upTo: number,
  nowMs: number,
): Promise<void> {
  const rows = await transaction
    .selectFrom("products")
    .innerJoin("waiters", "waiters.product_id", "products.id")
    .innerJoin("room_uses", "room_uses.user_id", "waiters.user_id")
    .select("waiters.reservation_id")
    .where("products.sale_id", "=", sale_id)
    .where("waiters.state", "=", "waiting")
    .where("room_uses.room_id", "=", id)
    .where("room_uses.place", "<=", upTo)
    .limit(maxEndedWaits)
    .execute();
  if (rows.length === 0) return;
  await transaction
    .updateTable("waiters")
    .set({ state: "ended", changed_at_ms: nowMs })
    .where(
      "reservation_id",
      "in",
      rows.map(({ reservation_id }) => reservation_id),
    )
    .where("state", "=", "waiting")
    .execute();
}

/** How many of the places of a ballot, up to one, hold an order of its sale. */
async function countHolders(transaction: LedgerTransaction, { id, sale_id }: StoredRoom, upTo: number) {
  const { count } = await transaction
    .selectFrom("room_uses")
    .innerJoin("orders", "orders.user_id", "room_uses.user_id")
    .select(({ fn }) => fn.count<number>("room_uses.place").distinct().as("count"))
    .where("room_uses.room_id", "=", id)
    .where("room_uses.place", "<=", upTo)
    .where("orders.sale_id", "=", sale_id)
    .where("orders.state", "in", activeStates)
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
