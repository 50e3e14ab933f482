import { sql } from "kysely";
import type { Order } from "../../domain/order.ts";
import type { Payment } from "../../domain/payment.ts";
import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import type { PaymentRow } from "../database/schema.ts";
import type { AskAgain, OpenPaymentOptions, OpenPaymentOutcome, StrandedPayments } from "../payments.ts";
import { lockOrders } from "./lock-orders.ts";
import { readPurchases } from "./purchases.ts";
import { toOrder, toPayment } from "./rows.ts";

/**
 * The order stays locked, so two requests of a buyer at once find one payment. One through another provider, which the
 * settings named before, is no answer: what is paid through it as well goes back.
 */
export async function openPayment(
  transaction: LedgerTransaction,
  id: string,
  { provider, amountMinor, currency, nowMs, askAtMs, locksRows }: OpenPaymentOptions & { readonly locksRows: boolean },
): Promise<OpenPaymentOutcome> {
  const ids = (await readPurchases(transaction, [id])).ordersOf(id);
  const orders = [...(await lockOrders(transaction, ids, locksRows)).values()].map(toOrder);
  const [order] = orders;
  if (order === undefined) return { kind: "not_found" };
  const isOpen = orders.every(({ state, payBeforeMs }) => state === "reserved" && nowMs <= payBeforeMs);
  if (!isOpen) return { kind: "refused", order };
  if (orders.length > 1) checkSum(orders, amountMinor);
  const { reservationId } = order;
  const open = await transaction
    .selectFrom("payments")
    .selectAll()
    .where("reservation_id", "=", reservationId)
    .where("provider", "=", provider)
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

/** A bundle has one payment, of the sum of its orders. */
function checkSum(orders: readonly Order[], amountMinor: number): void {
  const sum = orders.reduce((total, { priceMinor, quantity }) => total + priceMinor * quantity, 0);
  if (amountMinor === sum) return;
  throw new RangeError(`the payment of the bundle ${orders[0]!.bundleId} is ${amountMinor}, not its sum of ${sum}`);
}

/** The next moment to ask is written before anybody asks, so that two processes ask about different payments. */
export async function takeUndecided(
  transaction: LedgerTransaction,
  asking: AskAgain & { readonly nowMs: number; readonly locksRows: boolean },
): Promise<Payment[]> {
  const { nowMs, leastMs, mostMs, mostFailedMs, providers, limit, locksRows } = asking;
  const rows = await transaction
    .selectFrom("payments")
    .selectAll()
    .where("state", "in", ["open", "failed"])
    .where("ask_at_ms", "<=", nowMs)
    .$if(providers !== undefined, (query) => query.where("provider", "in", providers ?? []))
    .orderBy("ask_at_ms")
    .limit(limit)
    .$if(locksRows, (query) => query.forUpdate().skipLocked())
    .execute();
  if (rows.length === 0) return [];
  const age = sql<number>`${nowMs} - created_at_ms`;
  const most = sql<number>`case state when 'failed' then ${mostFailedMs} else ${mostMs} end`;
  await transaction
    .updateTable("payments")
    .set({
      ask_at_ms: sql<number>`${nowMs} + case when ${age} < ${leastMs} then ${leastMs}
        when ${age} > ${most} then ${most} else ${age} end`,
    })
    .where(
      "id",
      "in",
      rows.map(({ id }) => id),
    )
    .execute();
  return rows.map(toPayment);
}

/** No moment is later. */
const never = Number.MAX_SAFE_INTEGER;

export async function stopAsking(database: LedgerReader, paymentId: string): Promise<void> {
  await database.updateTable("payments").set({ ask_at_ms: never }).where("id", "=", paymentId).execute();
}

/** Payments that may still succeed and refunds that are to be made, through providers that are not among these. */
export async function readStranded(database: LedgerReader, providers: readonly string[]): Promise<StrandedPayments> {
  const others = ["", ...providers];
  const payments = await database
    .selectFrom("payments")
    .select(({ fn }) => ["provider", fn.countAll<number>().as("count")])
    .where("state", "in", ["open", "failed"])
    .where("ask_at_ms", "<", never)
    .where("provider", "not in", others)
    .groupBy("provider")
    .execute();
  const refunds = await database
    .selectFrom("refunds")
    .innerJoin("payments", "payments.id", "refunds.payment_id")
    .select(({ fn }) => ["payments.provider", fn.countAll<number>().as("count")])
    .where("refunds.refunded_at_ms", "is", null)
    .where("payments.provider", "not in", others)
    .groupBy("payments.provider")
    .execute();
  const sum = (rows: readonly { readonly count: number }[]): number =>
    rows.reduce((total, { count }) => total + count, 0);
  const names = new Set([...payments, ...refunds].map(({ provider }) => provider));
  return { payments: sum(payments), refunds: sum(refunds), providers: [...names].toSorted() };
}

/** @returns how many were deleted */
export async function pruneEvents(
  database: LedgerReader,
  { beforeMs, limit }: { readonly beforeMs: number; readonly limit: number },
): Promise<number> {
  const old = await database
    .selectFrom("payment_events")
    .select("id")
    .where("received_at_ms", "<", beforeMs)
    .limit(limit)
    .execute();
  if (old.length === 0) return 0;
  const ids = old.map(({ id }) => id);
  await database.deleteFrom("payment_events").where("id", "in", ids).execute();
  return old.length;
}
