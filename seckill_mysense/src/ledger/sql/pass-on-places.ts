import { furtherPlaces } from "../../domain/ballot.ts";
import { admittedAt, firstNeededStep, lastExpired, passOn } from "../../domain/room.ts";
import type { LedgerTransaction } from "../database/ledger-database.ts";
import type { NumberedStep } from "../rooms.ts";
import { addStep, lockRoom, readSteps, type RoomContext, type StoredRoom } from "./room-rows.ts";
import { readUnsold } from "./unsold-products.ts";

/**
 * What was asked for at the end of a window may come into the ledger later, and the clock by which a token ends may be
 * that of another machine.
 */
const recordedWithinMs = 5_000;

/**
 * Looks at the places whose window has ended since the last time, in the caller's transaction, and admits others in their
 * place. On hold nobody is admitted, so they wait until the room is opened. A ballot goes by the units that are left, which
 * change at any time.
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
  await forgetSteps(transaction, room, steps, nowMs);
  const isBallot = room.mode === "ballot";
  const endedMs = isBallot ? nowMs - recordedWithinMs : nowMs;
  const admission = { steps, useWithinMs: room.use_within_ms };
  const last = lastExpired(admission, { from: room.judged, entries: room.entries, nowMs: endedMs });
  if (last === room.judged && !isBallot) return 0;
  // A clock that is set back takes nobody's admission back.
  const admitted = admittedAt(steps, Math.max(nowMs, isBallot ? (steps.at(-1)?.sinceMs ?? 0) : 0));
  if (isBallot) await endWaits(transaction, room, last, nowMs);
  const further = isBallot
    ? await countFurther(transaction, room, { last, admitted })
    : last - room.judged - (await countUses(transaction, roomId, room.judged, last));
  // Nothing is saved up for those who come later.
  const passed = Math.max(0, Math.min(further, room.entries - admitted));
  if (passed === 0 && last === room.judged) return 0;
  if (passed > 0) await addStep(transaction, roomId, passOn(steps, passed, nowMs), steps);
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

interface AdmittedPlaces {
  /** The last place whose window is over. */
  readonly last: number;
  readonly admitted: number;
}

/** How many further places a ballot admits by the units that it has left. */
async function countFurther(
  transaction: LedgerTransaction,
  { id, sale_id, entries }: StoredRoom,
  { last, admitted }: AdmittedPlaces,
): Promise<number> {
  if (entries <= admitted) return 0;
  const { products, hasGivenWinners } = await readUnsold(transaction, {
    saleId: sale_id,
    roomId: id,
    afterPlace: last,
  });
  return furtherPlaces(products, { openWindows: admitted - last, isLimited: last === 0 && hasGivenWinners });
}

/** A rate that follows the load makes steps also while nobody enters. Here only, because only the sweeper may delete them. */
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
