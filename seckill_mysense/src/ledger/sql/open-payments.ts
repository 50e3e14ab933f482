import { sql } from "kysely";
import type { Payment } from "../../domain/payment.ts";
import type { LedgerTransaction } from "../database/ledger-database.ts";
import type { PaymentRow } from "../database/schema.ts";
import type { AskAgain, OpenPaymentOptions, OpenPaymentOutcome } from "../payments.ts";
import { lockOrders } from "./lock-orders.ts";
import { toOrder, toPayment } from "./rows.ts";

/** The order stays locked, so two requests of a buyer at once find one payment. */
export async function openPayment(
  transaction: LedgerTransaction,
  reservationId: string,
  { provider, amountMinor, currency, nowMs, askAtMs, locksRows }: OpenPaymentOptions & { readonly locksRows: boolean },
): Promise<OpenPaymentOutcome> {
  const row = (await lockOrders(transaction, [reservationId], locksRows)).get(reservationId);
  if (row === undefined) return { kind: "not_found" };
  const order = toOrder(row);
  if (order.state !== "reserved" || nowMs > order.payBeforeMs) return { kind: "refused", order };
  const open = await transaction
    .selectFrom("payments")
    .selectAll()
    .where("reservation_id", "=", reservationId)
    .where("state", "=", "open")
    .executeTakeFirst();
  if (open !== undefined) return { kind: "open", payment: toPayment(open), order };
  const created: PaymentRow = {
    id: crypto.randomUUID(),
    reservation_id: reservationId,
    provider,
    state: "open",
    amount_minor: amountMinor,
    currency,
    created_at_ms: nowMs,
    decided_at_ms: null,
    ask_at_ms: askAtMs,
    provider_id: null,
    pay_url: null,
  };
  await transaction.insertInto("payments").values(created).execute();
  return { kind: "open", payment: toPayment(created), order };
}

/** The next moment to ask is written before anybody asks, so that two processes ask about different payments. */
export async function takeUndecided(
  transaction: LedgerTransaction,
  { nowMs, leastMs, mostMs, limit, locksRows }: AskAgain & { readonly nowMs: number; readonly locksRows: boolean },
): Promise<Payment[]> {
  const rows = await transaction
    .selectFrom("payments")
    .selectAll()
    .where("state", "=", "open")
    .where("ask_at_ms", "<=", nowMs)
    .orderBy("ask_at_ms")
    .limit(limit)
    .$if(locksRows, (query) => query.forUpdate().skipLocked())
    .execute();
  if (rows.length === 0) return [];
  const age = sql<number>`${nowMs} - created_at_ms`;
  await transaction
    .updateTable("payments")
    .set({
      ask_at_ms: sql<number>`${nowMs} + case when ${age} < ${leastMs} then ${leastMs}
        when ${age} > ${mostMs} then ${mostMs} else ${age} end`,
    })
    .where(
      "id",
      "in",
      rows.map(({ id }) => id),
    )
    .execute();
  return rows.map(toPayment);
}
