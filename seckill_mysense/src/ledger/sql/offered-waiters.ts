import type { BatchPlan } from "../../domain/batch-plan.ts";
import type { RejectionReason } from "../../domain/order.ts";
import { isOffer, offerId, type Waiter, type WaiterState } from "../../domain/waiter.ts";
import type { LedgerTransaction } from "../database/ledger-database.ts";
import { toWaiter } from "./rows.ts";

/** By reservation id. */
export type OfferedWaiters = ReadonlyMap<string, Waiter>;

/**
 * Those for whom the offers of a batch were made. The end of the sale may have ended their wait after the gate had
 * accepted the offer: it still holds. The products are locked, so nobody joins or leaves meanwhile.
 */
export async function readOffered(transaction: LedgerTransaction, ids: readonly string[]): Promise<OfferedWaiters> {
  const offers = ids.filter(isOffer);
  if (offers.length === 0) return new Map();
  const rows = await transaction
    .selectFrom("waiters")
    .selectAll()
    .where("reservation_id", "in", offers)
    .where("state", "in", ["waiting", "ended"])
    .execute();
  return new Map(rows.map((row) => [row.reservation_id, toWaiter(row)]));
}

/** Notes in the list what became of the offers of a batch, in the transaction that records or rejects them. */
export async function settleOffers(
  transaction: LedgerTransaction,
  { orders, rejections }: Pick<BatchPlan, "orders" | "rejections">,
  waiters: OfferedWaiters,
  nowMs: number,
): Promise<void> {
  if (waiters.size === 0) return;
  for (const { reservation } of orders) {
    const waiter = waiters.get(reservation.reservationId);
    if (waiter !== undefined) await change(transaction, waiter, { state: "offered" }, nowMs);
  }
  for (const { entry, reason } of rejections) {
    const waiter = waiters.get(entry.reservationId);
    if (waiter === undefined) continue;
    const state = endedBy[reason];
    if (state !== undefined) await change(transaction, waiter, { state }, nowMs);
    // The unit did not exist any more. A rejected reservation stays rejected, so the next offer needs another one.
    else await change(transaction, waiter, { reservation_id: offerId(crypto.randomUUID()) }, nowMs);
  }
}

/** Rejections that end the wait. After all others the waiter keeps the place. */
const endedBy: { readonly [reason in RejectionReason]?: WaiterState } = {
  limit_per_user: "limit_reached",
  sale_cancelled: "ended",
};

async function change(
  transaction: LedgerTransaction,
  { reservationId }: Waiter,
  change: { readonly state: WaiterState } | { readonly reservation_id: string },
  nowMs: number,
): Promise<void> {
  await transaction
    .updateTable("waiters")
    .set({ ...change, changed_at_ms: nowMs })
    .where("reservation_id", "=", reservationId)
    .execute();
}
