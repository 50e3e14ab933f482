import type { LedgerTransaction } from "../database/ledger-database.ts";
import type { StoredOrder } from "../database/schema.ts";
import { LedgerCorruptionError } from "../ledger-errors.ts";
import { lockPayments } from "./apply-payment-events.ts";
import { writeRefunds } from "./refund-rows.ts";
import { releaseOrders, type Release } from "./release-orders.ts";

/** Paid without a provider. Such an order stays `refund_due`: its merchant has the money, if there is any. */
export const paidWithoutProvider = "none";

/**
 * Calls paid orders of one product off, in the caller's transaction: their units go back to the stock, and their money
 * to the payers.
 * @returns the orders that were called off
 */
export async function callOffOrders(
  transaction: LedgerTransaction,
  release: Omit<Release, "from" | "to">,
): Promise<readonly StoredOrder[]> {
  const { released } = await releaseOrders(transaction, { ...release, from: "paid", to: "refund_due" });
  const throughProvider = released.filter(({ paid_with }) => paid_with !== paidWithoutProvider);
  if (throughProvider.length > 0) await requestRefunds(transaction, throughProvider, release);
  return released;
}

async function requestRefunds(
  transaction: LedgerTransaction,
  orders: readonly StoredOrder[],
  { nowMs, locksRows }: Pick<Release, "nowMs" | "locksRows">,
): Promise<void> {
  const ids = orders.map(({ paid_with }) => paid_with ?? "");
  const payments = await lockPayments(transaction, ids, locksRows);
  const refunds = orders.map(({ reservation_id, paid_with }) => {
    const payment = payments.get(paid_with ?? "");
    if (payment?.state !== "succeeded") {
      throw new LedgerCorruptionError(`the order ${reservation_id} is paid, but its payment is ${payment?.state}`);
    }
    const money = { amountMinor: payment.amount_minor, currency: payment.currency };
    return { paymentId: payment.id, money, reason: "order_called_off" as const };
  });
  await transaction
    .updateTable("payments")
    .set({ state: "refund_pending", decided_at_ms: nowMs })
    .where("id", "in", ids)
    .execute();
  await writeRefunds(transaction, refunds, nowMs);
}
