import type { LedgerTransaction } from "../database/ledger-database.ts";
import type { KnownBundle } from "../../domain/bundle-plan.ts";
import type { StoredOrder } from "../database/schema.ts";
import { LedgerCorruptionError } from "../ledger-errors.ts";
import { lockPayments } from "./apply-payment-events.ts";
import { writeRefunds } from "./refund-rows.ts";
import { releaseBundles } from "./release-bundles.ts";
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
  await requestRefunds(transaction, released, release);
  return released;
}

/** The same for paid bundles: the one payment of each goes back as a whole. */
export async function callOffBundles(
  transaction: LedgerTransaction,
  bundles: readonly KnownBundle[],
  release: Pick<Release, "nowMs" | "locksRows">,
): Promise<readonly StoredOrder[]> {
  const { released } = await releaseBundles(transaction, bundles, { ...release, from: "paid", to: "refund_due" });
  await requestRefunds(transaction, released, release);
  return released;
}

async function requestRefunds(
  transaction: LedgerTransaction,
  released: readonly StoredOrder[],
  { nowMs, locksRows }: Pick<Release, "nowMs" | "locksRows">,
): Promise<void> {
  const orders = new Map<string, StoredOrder>();
  for (const order of released) orders.set(order.paid_with ?? "", order);
  orders.delete(paidWithoutProvider);
  if (orders.size === 0) return;
  const ids = [...orders.keys()];
  const payments = await lockPayments(transaction, ids, locksRows);
  const refunds = [...orders.values()].map(({ reservation_id, paid_with }) => {
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
