import type { Refund } from "../../domain/payment.ts";
import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import type { RefundFigures } from "../payments.ts";
import { lockPayments } from "./apply-payment-events.ts";
import { lockOrders } from "./lock-orders.ts";
import { confirmRefunds } from "./refund-rows.ts";

const maxErrorLength = 500;

/** The next try is written before this one, so that two processes send different refunds. */
export async function takeRefunds(
  transaction: LedgerTransaction,
  taking: { nowMs: number; tryAgainMs: number; limit: number; locksRows: boolean },
): Promise<Refund[]> {
  const { nowMs, tryAgainMs, limit, locksRows } = taking;
  const due = await transaction
    .selectFrom("refunds")
    .selectAll()
    .where("refunded_at_ms", "is", null)
    .where("try_at_ms", "<=", nowMs)
    .orderBy("try_at_ms")
    .limit(limit)
    .$if(locksRows, (query) => query.forUpdate().skipLocked())
    .execute();
  if (due.length === 0) return [];
  const ids = due.map((row) => row.payment_id);
  await transaction
    .updateTable("refunds")
    .set(({ eb }) => ({ try_at_ms: tryAgainMs, tries: eb("tries", "+", 1) }))
    .where("payment_id", "in", ids)
    .execute();
  const payments = await transaction
    .selectFrom("payments")
    .select(["id", "provider", "provider_id"])
    .where("id", "in", ids)
    .execute();
  const paymentOf = new Map(payments.map((row) => [row.id, row]));
  return due.map((row) => ({
    paymentId: row.payment_id,
    provider: paymentOf.get(row.payment_id)!.provider,
    providerId: paymentOf.get(row.payment_id)!.provider_id ?? undefined,
    amountMinor: row.amount_minor,
    currency: row.currency,
    reason: row.reason,
    tries: row.tries + 1,
    requestedAtMs: row.requested_at_ms,
  }));
}

/** Repeating it changes nothing: only a pending refund ends. */
export async function markRefunded(
  transaction: LedgerTransaction,
  paymentId: string,
  { locksRows, nowMs }: { readonly locksRows: boolean; readonly nowMs: number },
): Promise<void> {
  const found = await transaction
    .selectFrom("payments")
    .select("reservation_id")
    .where("id", "=", paymentId)
    .executeTakeFirst();
  if (found === undefined) return;
  const order = (await lockOrders(transaction, [found.reservation_id], locksRows)).get(found.reservation_id);
  const payment = (await lockPayments(transaction, [paymentId], locksRows)).get(paymentId);
  if (payment?.state !== "refund_pending") return;
  await transaction
    .updateTable("payments")
    .set({ state: "refunded", decided_at_ms: nowMs })
    .where("id", "=", paymentId)
    .execute();
  const isCalledOff = order?.state === "refund_due" && order.paid_with === paymentId;
  const reservationIds = isCalledOff ? [found.reservation_id] : [];
  await confirmRefunds(transaction, { paymentIds: [paymentId], reservationIds, nowMs });
}

export async function markRefundFailed(
  database: LedgerReader,
  paymentId: string,
  { error, tryAtMs }: { readonly error: string; readonly tryAtMs: number },
): Promise<void> {
  await database
    .updateTable("refunds")
    .set({ last_error: error.toWellFormed().slice(0, maxErrorLength), try_at_ms: tryAtMs })
    .where("payment_id", "=", paymentId)
    .where("refunded_at_ms", "is", null)
    .execute();
}

export async function readRefunds(database: LedgerReader): Promise<RefundFigures> {
  const { waiting, failing, oldest } = await database
    .selectFrom("refunds")
    .select(({ fn }) => [
      fn.countAll<number>().as("waiting"),
      fn.count<number>("last_error").as("failing"),
      fn.min("requested_at_ms").as("oldest"),
    ])
    .where("refunded_at_ms", "is", null)
    .executeTakeFirstOrThrow();
  return { waiting, failing, oldestMs: oldest ?? undefined };
}
