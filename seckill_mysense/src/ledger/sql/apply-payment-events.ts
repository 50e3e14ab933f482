import type { PaymentEvent, PaymentOutcome, PaymentState } from "../../domain/payment.ts";
import { settle, type SettledOrder, type Settlement } from "../../domain/settlement.ts";
import type { LedgerTransaction } from "../database/ledger-database.ts";
import type { StoredOrder, PaymentRow } from "../database/schema.ts";
import { lockOrders } from "./lock-orders.ts";
import { lockProducts } from "./lock-products.ts";
import { confirmRefunds, reopenRefunds, writeRefunds } from "./refund-rows.ts";
import { paidTogether } from "./purchases.ts";
import { productsOf, stateOfAll } from "./release-bundles.ts";
import { releaseOrders } from "./release-orders.ts";

export interface ApplyContext {
  readonly locksRows: boolean;
  readonly nowMs: number;
}

/** Applies a batch of events in the caller's transaction. Locks orders, then payments. */
export async function applyPaymentEvents(
  transaction: LedgerTransaction,
  events: readonly PaymentEvent[],
  context: ApplyContext,
): Promise<readonly PaymentOutcome[]> {
  const orders = await lockOrdersOf(transaction, events, context);
  const payments = await lockPayments(
    transaction,
    events.map(({ paymentId }) => paymentId),
    context.locksRows,
  );
  const settlement = settle(events, {
    payments: new Map([...payments].map(([id, row]) => [id, settledPayment(row)])),
    orders: new Map([...payments.values()].flatMap(({ reservation_id }) => settledOrder(reservation_id, orders))),
    applied: await readApplied(transaction, events),
    refunds: await readRefunded(transaction, events),
  });
  await write(transaction, settlement, { ...context, orders });
  await keepProviderIds(transaction, settlement, payments);
  return settlement.outcomes;
}

function settledPayment({ reservation_id, provider, state, amount_minor, currency }: PaymentRow) {
  return { reservationId: reservation_id, provider, state, amountMinor: amount_minor, currency };
}

/** The orders of a bundle are one to the settlement: they have one state. */
function settledOrder(id: string, orders: ReadonlyMap<string, StoredOrder>): [string, SettledOrder][] {
  const first = orders.get(id);
  if (first === undefined) return [];
  return [[id, { state: stateOfAll(paidTogether(id), orders), paidWith: first.paid_with }]];
}

/**
 * Money that the provider returned unasked releases a unit. The products of such orders are locked before the orders,
 * as everywhere. No other event needs a product.
 */
async function lockOrdersOf(
  transaction: LedgerTransaction,
  events: readonly PaymentEvent[],
  { locksRows }: ApplyContext,
): Promise<Map<string, StoredOrder>> {
  const rows = await transaction
    .selectFrom("payments")
    .select(["id", "reservation_id"])
    .where(
      "id",
      "in",
      events.map(({ paymentId }) => paymentId),
    )
    .execute();
  const refunded = new Set(events.flatMap(({ kind, paymentId }) => (kind === "refunded" ? [paymentId] : [])));
  const ordersOf = (some: typeof rows): string[] => some.flatMap((row) => paidTogether(row.reservation_id));
  const products = await productsOf(transaction, ordersOf(rows.filter(({ id }) => refunded.has(id))));
  await lockProducts(transaction, products, locksRows);
  return lockOrders(transaction, ordersOf(rows), locksRows);
}

export async function lockPayments(
  transaction: LedgerTransaction,
  ids: readonly string[],
  locksRows: boolean,
): Promise<Map<string, PaymentRow>> {
  if (ids.length === 0) return new Map();
  const rows = await transaction
    .selectFrom("payments")
    .selectAll()
    .where("id", "in", [...new Set(ids)])
    .orderBy("id")
    .$if(locksRows, (query) => query.forUpdate())
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}

/** Read after the locks, so that it sees what a transaction with the same events has committed before. */
async function readApplied(transaction: LedgerTransaction, events: readonly PaymentEvent[]): Promise<Set<string>> {
  const rows = await transaction
    .selectFrom("payment_events")
    .select("id")
    .where(
      "id",
      "in",
      events.map(({ id }) => id),
    )
    .execute();
  return new Set(rows.map(({ id }) => id));
}

/**
 * Which payments have a refund that may fail. Only refunds that failed need to know it. What an operator has settled
 * stays so: a provider tells of one failure with several events, and repeats them for days.
 */
async function readRefunded(transaction: LedgerTransaction, events: readonly PaymentEvent[]): Promise<Set<string>> {
  const ids = events.flatMap(({ kind, paymentId }) => (kind === "refund_failed" ? [paymentId] : []));
  if (ids.length === 0) return new Set();
  const rows = await transaction
    .selectFrom("refunds")
    .select("payment_id")
    .where("payment_id", "in", ids)
    .where("settled_by", "is", null)
    .execute();
  return new Set(rows.map((row) => row.payment_id));
}

async function write(
  transaction: LedgerTransaction,
  settlement: Settlement,
  { nowMs, locksRows, orders }: ApplyContext & { readonly orders: ReadonlyMap<string, StoredOrder> },
): Promise<void> {
  const { newEvents, paidOrders, refunds, confirmedRefunds, refundedOrders, unpaidOrders } = settlement;
  const { reopenedRefunds, reopenedOrders } = settlement;
  if (newEvents.length === 0) return;
  const events = newEvents.map(({ id, paymentId, kind }) => ({
    id,
    payment_id: paymentId,
    kind,
    received_at_ms: nowMs,
  }));
  await transaction.insertInto("payment_events").values(events).execute();
  await markPaid(transaction, paidOrders, nowMs);
  await writePaymentStates(transaction, settlement.changedPayments, nowMs);
  await writeRefunds(transaction, refunds, nowMs);
  const all = (ids: readonly string[]): string[] => ids.flatMap(paidTogether);
  await confirmRefunds(transaction, { paymentIds: confirmedRefunds, reservationIds: all(refundedOrders), nowMs });
  await reopenRefunds(transaction, { paymentIds: reopenedRefunds, reservationIds: all(reopenedOrders), nowMs });
  for (const [productId, ids] of Map.groupBy(all(unpaidOrders), (id) => orders.get(id)!.product_id)) {
    await releaseOrders(transaction, {
      productId,
      reservationIds: ids,
      from: "paid",
      to: "refunded",
      nowMs,
      locksRows,
    });
  }
}

/** One statement for all single orders, in which each order finds its own payment; and one for each bundle. */
async function markPaid(
  transaction: LedgerTransaction,
  paidOrders: ReadonlyMap<string, string>,
  nowMs: number,
): Promise<void> {
  const isSingle = (id: string): boolean => paidTogether(id).length === 1;
  await markPaidSingles(transaction, new Map([...paidOrders].filter(([id]) => isSingle(id))), nowMs);
  for (const [id, paymentId] of paidOrders) {
    if (isSingle(id)) continue;
    await transaction
      .updateTable("orders")
      .set({ state: "paid", paid_at_ms: nowMs, paid_with: paymentId })
      .where("reservation_id", "in", paidTogether(id))
      .execute();
  }
}

async function markPaidSingles(
  transaction: LedgerTransaction,
  paidOrders: ReadonlyMap<string, string>,
  nowMs: number,
): Promise<void> {
  if (paidOrders.size === 0) return;
  await transaction
    .updateTable("orders")
    .set(({ selectFrom }) => ({
      state: "paid",
      paid_at_ms: nowMs,
      paid_with: selectFrom("payments")
        .select("payments.id")
        .whereRef("payments.reservation_id", "=", "orders.reservation_id")
        .where("payments.id", "in", [...paidOrders.values()]),
    }))
    .where("reservation_id", "in", [...paidOrders.keys()])
    .execute();
}

async function writePaymentStates(
  transaction: LedgerTransaction,
  changed: ReadonlyMap<string, PaymentState>,
  nowMs: number,
): Promise<void> {
  for (const [state, entries] of Map.groupBy(changed, ([, state]) => state)) {
    await transaction
      .updateTable("payments")
      .set({ state, decided_at_ms: nowMs })
      .where(
        "id",
        "in",
        entries.map(([id]) => id),
      )
      .execute();
  }
}

/** The provider's id is missing if the process died between the provider's answer and `markCreated`. */
async function keepProviderIds(
  transaction: LedgerTransaction,
  { newEvents }: Settlement,
  payments: ReadonlyMap<string, PaymentRow>,
): Promise<void> {
  for (const { paymentId, providerId } of newEvents) {
    if (providerId === undefined || payments.get(paymentId)?.provider_id !== null) continue;
    await transaction.updateTable("payments").set({ provider_id: providerId }).where("id", "=", paymentId).execute();
  }
}
