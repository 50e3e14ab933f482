import type { Money, RefundReason } from "../../domain/payment.ts";
import type { LedgerTransaction } from "../database/ledger-database.ts";

interface RequestedRefund {
  readonly paymentId: string;
  readonly money: Money;
  readonly reason: RefundReason;
}

/** Records money that is to go back, in the transaction that finds it cannot be kept: otherwise a crash would keep it. */
export async function writeRefunds(
  transaction: LedgerTransaction,
  refunds: readonly RequestedRefund[],
  nowMs: number,
): Promise<void> {
  if (refunds.length === 0) return;
  const rows = refunds.map(({ paymentId, money, reason }) => ({
    payment_id: paymentId,
    amount_minor: money.amountMinor,
    currency: money.currency,
    reason,
    requested_at_ms: nowMs,
    try_at_ms: nowMs,
    tries: 0,
    last_error: null,
    refunded_at_ms: null,
    held_at_ms: null,
    settled_by: null,
    settled_note: null,
  }));
  await transaction.insertInto("refunds").values(rows).execute();
}

/** Ends refunds, and the orders that waited for them. */
export async function confirmRefunds(
  transaction: LedgerTransaction,
  confirmed: { readonly paymentIds: readonly string[]; readonly reservationIds: readonly string[]; nowMs: number },
): Promise<void> {
  const { paymentIds, reservationIds, nowMs } = confirmed;
  if (paymentIds.length > 0) {
    await transaction
      .updateTable("refunds")
      .set({ refunded_at_ms: nowMs, last_error: null, held_at_ms: null })
      .where("payment_id", "in", paymentIds)
      .where("refunded_at_ms", "is", null)
      .execute();
  }
  if (reservationIds.length > 0) {
    await transaction
      .updateTable("orders")
      .set({ state: "refunded", refunded_at_ms: nowMs })
      .where("reservation_id", "in", reservationIds)
      .where("state", "=", "refund_due")
      .execute();
  }
}

/** Refunds that did not reach their payers are due now, and their orders wait for the money again. */
export async function reopenRefunds(
  transaction: LedgerTransaction,
  reopened: { readonly paymentIds: readonly string[]; readonly reservationIds: readonly string[]; nowMs: number },
): Promise<void> {
  const { paymentIds, reservationIds, nowMs } = reopened;
  if (paymentIds.length > 0) {
    await transaction
      .updateTable("refunds")
      .set({ refunded_at_ms: null, held_at_ms: null, try_at_ms: nowMs, last_error: "the provider's refund failed" })
      .where("payment_id", "in", paymentIds)
      .execute();
  }
  if (reservationIds.length > 0) {
    await transaction
      .updateTable("orders")
      .set({ state: "refund_due", refunded_at_ms: null })
      .where("reservation_id", "in", reservationIds)
      .where("state", "=", "refunded")
      .execute();
  }
}
