import { placeState } from "../../domain/room.ts";
import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import type { PlaceKey, RoomEntry, UseOutcome, UseRequest } from "../rooms.ts";
import { keyOf, readKnown } from "./enter-rooms.ts";
import { lockRoom, readSteps, type RoomContext, type StoredRoom } from "./room-rows.ts";

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
