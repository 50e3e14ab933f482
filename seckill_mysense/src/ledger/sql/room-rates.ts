import { type AdmissionStep, admitWinners, changeRate } from "../../domain/room.ts";
import type { LedgerTransaction } from "../database/ledger-database.ts";
import type { AdmissionChange, RateMove } from "../rooms.ts";
import { addStep, type LedgerTime, lockRoom, rangeColumns, readSteps, type StoredRoom } from "./room-rows.ts";

interface RateContext extends LedgerTime {
  readonly locksRows: boolean;
}

/** Where the admission begins. */
export function firstStep(room: StoredRoom, sinceMs: number): AdmissionStep {
  return runStep(room, { sinceMs, millionths: 0, per1000Seconds: room.on_hold === 1 ? 0 : room.per_1000_seconds });
}

/** A ballot that is not on hold has admitted its winners. */
function runStep({ on_hold, winners }: Pick<StoredRoom, "on_hold" | "winners">, step: AdmissionStep): AdmissionStep {
  return on_hold === 1 || winners === null ? step : admitWinners(step, winners);
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
  context: RateContext,
): Promise<boolean> {
  const room = await lockRoom(transaction, roomId, context);
  if (room === undefined) return false;
  const after = changedRoom(room, change);
  const isSame = (Object.keys(after) as (keyof typeof after)[]).every((column) => after[column] === room[column]);
  if (isSame) return true;
  const nowMs = await context.nowMs(transaction);
  await writeRate(transaction, room, after, nowMs);
  const [before, now] = [room, after].map((one) => ({
    ...{ perSecond: one.per_1000_seconds / 1_000, onHold: one.on_hold === 1 },
    ...(one.least_per_1000_seconds !== null && { least: one.least_per_1000_seconds / 1_000 }),
    ...(one.most_per_1000_seconds !== null && { most: one.most_per_1000_seconds / 1_000 }),
  })) as [object, object];
  await logRoomChange(transaction, room.sale_id, { action: `room ${change.kind}`, actor, nowMs, before, after: now });
  return true;
}

type RateColumns = Pick<
  StoredRoom,
  "on_hold" | "per_1000_seconds" | "least_per_1000_seconds" | "most_per_1000_seconds"
>;

function changedRoom(room: StoredRoom, change: AdmissionChange): RateColumns {
  const { on_hold, per_1000_seconds, least_per_1000_seconds, most_per_1000_seconds } = room;
  const before = { on_hold, per_1000_seconds, least_per_1000_seconds, most_per_1000_seconds };
  switch (change.kind) {
    case "hold":
    case "open":
      return { ...before, on_hold: Number(change.kind === "hold") };
    case "rate":
      return { on_hold, per_1000_seconds: change.per1000Seconds, ...rangeColumns(undefined) };
    case "rate range": {
      const { least, most } = change.rateRange;
      const within = Math.min(most, Math.max(least, per_1000_seconds));
      return { on_hold, per_1000_seconds: within, ...rangeColumns(change.rateRange) };
    }
  }
}

/** Changes a rate that follows the load, in the caller's transaction. Many small changes: they are not in the log of the sale. */
export async function moveRate(
  transaction: LedgerTransaction,
  { roomId, from, to }: RateMove & { readonly roomId: number },
  context: RateContext,
): Promise<boolean> {
  const room = await lockRoom(transaction, roomId, context);
  if (room === undefined || room.per_1000_seconds !== from) return false;
  const { least_per_1000_seconds: least, most_per_1000_seconds: most } = room;
  if (least === null || most === null || to < least || to > most) return false;
  const nowMs = await context.nowMs(transaction);
  const after = { on_hold: room.on_hold, per_1000_seconds: to, ...rangeColumns({ least, most }) };
  await writeRate(transaction, room, after, nowMs);
  return true;
}

async function writeRate(
  transaction: LedgerTransaction,
  room: StoredRoom,
  after: RateColumns,
  nowMs: number,
): Promise<void> {
  const hasNewRate = after.on_hold !== room.on_hold || after.per_1000_seconds !== room.per_1000_seconds;
  if (room.begins_at_ms !== null && hasNewRate) {
    const steps = await readSteps(transaction, room.id);
    const step = changeRate(steps, after.on_hold === 1 ? 0 : after.per_1000_seconds, nowMs);
    await addStep(transaction, room.id, runStep({ ...room, ...after }, step), steps);
  }
  await transaction
    .updateTable("rooms")
    .set({ ...after, revision: room.revision + 1 })
    .where("id", "=", room.id)
    .execute();
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
