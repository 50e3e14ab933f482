import type { RecordOutcome } from "../../domain/order.ts";
import {
  holderKey,
  planBatch,
  type Held,
  type BatchPlan,
  type LedgerState,
  type PlannedProduct,
} from "../../domain/batch-plan.ts";
import { partIds, partOf } from "../../domain/bundle.ts";
import { unitsOf } from "../../domain/units.ts";
import type { Insertable } from "kysely";
import type { LedgerTransaction } from "../database/ledger-database.ts";
import type { BatchEntry } from "../../domain/batch-entry.ts";
import { LedgerCorruptionError } from "../ledger-errors.ts";
import { lockBundles, readRecorded, writeBundles, type BundleContext } from "./bundle-rows.ts";
import { insertRows } from "./insert-rows.ts";
import { lockProducts, type LockedProduct } from "./lock-products.ts";
import type { OrderRow, RejectionRow } from "../database/schema.ts";
import { readOffered, settleOffers, type OfferedWaiters } from "./offered-waiters.ts";
import { atLeast, writeReturns } from "./sql-returns.ts";

type LockedProducts = ReadonlyMap<string, LockedProduct>;

export type RecordContext = BundleContext;

/**
 * Decides a batch and writes it, in the caller's transaction. The products stay locked from the first statement to the
 * commit, and every other writer of orders locks them first too. So the rows read here cannot change before the write,
 * and writers of the same product wait for each other instead of deadlocking. Good and bad batches take the same path.
 */
export async function recordBatch(
  transaction: LedgerTransaction,
  entries: readonly BatchEntry[],
  context: RecordContext,
): Promise<readonly RecordOutcome[]> {
  const rows = await lockProducts(transaction, distinct(entries, "productId"), context.locksRows);
  const bundles = await lockBundles(transaction, entries, context);
  const state = { ...(await readState(transaction, entries, rows, [...bundles.values()].flatMap(partIds))), bundles };
  const plan = planBatch(entries, state);
  await writeOrders(transaction, plan, state, rows, context);
  await settleOffers(transaction, plan, state.waiters, context.nowMs);
  await writeRejections(transaction, plan, context);
  await writeRepeatedRejections(transaction, plan, context);
  await writeReturns(transaction, plan.returns, context.nowMs);
  await writeBundles(transaction, plan.bundles, context);
  return plan.outcomes;
}

async function readState(
  transaction: LedgerTransaction,
  entries: readonly BatchEntry[],
  rows: LockedProducts,
  otherParts: readonly string[],
): Promise<LedgerState & { readonly waiters: OfferedWaiters }> {
  const products = new Map([...rows].map(([id, row]) => [id, plannedProduct(row)]));
  const ids = distinct(entries, "reservationId");
  if (ids.length === 0)
    return { products, ordered: new Set(), rejected: new Map(), held: new Map(), waiters: new Map() };
  const rejections = await transaction
    .selectFrom("rejections")
    .select(["reservation_id", "reason", "epoch"])
    .where("reservation_id", "in", ids)
    .execute();
  return {
    products,
    ordered: await readRecorded(transaction, [...new Set([...ids, ...otherParts])]),
    rejected: new Map(
      rejections.map((row) => [row.reservation_id, { reason: row.reason, epoch: row.epoch ?? undefined }]),
    ),
    held: await readHeld(transaction, entries, [...products.keys()]),
    waiters: await readOffered(transaction, ids),
  };
}

function plannedProduct(row: LockedProduct): PlannedProduct {
  const { sale_id, total, reserved, sold, limit_per_user, epoch, cancelled } = row;
  return { saleId: sale_id, total, reserved, sold, limitPerUser: limit_per_user, epoch, cancelled: cancelled === 1 };
}

async function readHeld(
  transaction: LedgerTransaction,
  entries: readonly BatchEntry[],
  productIds: readonly string[],
): Promise<Map<string, Held>> {
  const held = new Map<string, { slots: Set<number>; units: number }>();
  for (const productId of productIds) {
    const userIds = distinct(
      entries.filter((entry) => entry.productId === productId),
      "userId",
    );
    if (userIds.length === 0) continue;
    const rows = await transaction
      .selectFrom("orders")
      .select(["user_id", "active_slot", "quantity"])
      .where("product_id", "=", productId)
      .where("user_id", "in", userIds)
      .where("active_slot", "is not", null)
      .execute();
    for (const { user_id, active_slot, quantity } of rows) {
      const key = holderKey(productId, user_id);
      const one = held.get(key) ?? { slots: new Set(), units: 0 };
      one.slots.add(active_slot as number);
      one.units += quantity;
      held.set(key, one);
    }
  }
  return held;
}

/** Inserts the orders of a plan, and counts their units at the products, whose rows are locked. */
export async function writeOrders(
  transaction: LedgerTransaction,
  { orders, reserved, sequences }: Pick<BatchPlan, "orders" | "reserved" | "sequences">,
  { waiters }: { readonly waiters: OfferedWaiters },
  products: LockedProducts,
  { nowMs, payWithinMs, collectWithinMs }: RecordContext,
): Promise<void> {
  if (orders.length === 0) return;
  const rows = orders.map(({ reservation, slot }): Insertable<OrderRow> => {
    const part = partOf(reservation.reservationId);
    const windowMs = waiters.get(reservation.reservationId)?.windowMs;
    return {
      reservation_id: reservation.reservationId,
      sale_id: reservation.saleId,
      product_id: reservation.productId,
      user_id: reservation.userId,
      state: "reserved",
      epoch: reservation.epoch,
      accepted_at_ms: reservation.acceptedAtMs,
      recorded_at_ms: nowMs,
      pay_before_ms: nowMs + (part === undefined ? (windowMs ?? payWithinMs) : collectWithinMs),
      bundle_id: part?.bundleId ?? null,
      active_slot: slot,
      quantity: unitsOf(reservation),
      ...agreedOn(products.get(reservation.productId)),
    };
  });
  await insertRows(transaction, "orders", rows);
  for (const [productId, units] of reserved) {
    await reserveUnits(transaction, { productId, units, sequence: sequences.get(productId) ?? 0 });
  }
}

/** Later changes of the product do not change what the buyer agreed to. */
function agreedOn(product: LockedProduct | undefined) {
  const { name = null, price_minor = null, currency = null } = product ?? {};
  return { product_name: name, price_minor, currency };
}

/** The guard of "never oversold". The plan already respects it; an update that misses its row is a corruption. */
async function reserveUnits(
  transaction: LedgerTransaction,
  { productId, units, sequence }: { productId: string; units: number; sequence: number },
): Promise<void> {
  const { numUpdatedRows } = await transaction
    .updateTable("products")
    .set(({ eb }) => ({ reserved: eb("reserved", "+", units), gate_sequence: atLeast(sequence) }))
    .where("id", "=", productId)
    .where(({ eb }) => eb(eb(eb("reserved", "+", eb.ref("sold")), "+", units), "<=", eb.ref("total")))
    .executeTakeFirstOrThrow();
  if (numUpdatedRows !== 1n) throw new LedgerCorruptionError(`product ${productId} changed while it was locked`);
}

async function writeRejections(
  transaction: LedgerTransaction,
  { rejections }: BatchPlan,
  { nowMs }: RecordContext,
): Promise<void> {
  const rows = rejections.map(({ entry, reason }): RejectionRow => ({
    reservation_id: entry.reservationId,
    sale_id: entry.saleId ?? null,
    product_id: entry.productId ?? null,
    user_id: entry.userId ?? null,
    reason,
    rejected_at_ms: nowMs,
    epoch: entry.epoch ?? null,
  }));
  await insertRows(transaction, "rejections", rows);
}

async function writeRepeatedRejections(
  transaction: LedgerTransaction,
  { repeatedRejections }: BatchPlan,
  { nowMs }: RecordContext,
): Promise<void> {
  for (const stockReturn of repeatedRejections) {
    const { reservationId, epoch } = stockReturn;
    await transaction.updateTable("rejections").set({ epoch }).where("reservation_id", "=", reservationId).execute();
    // There is one return for each reservation. One of an older epoch has no unit any more.
    const { numUpdatedRows } = await transaction
      .updateTable("stock_returns")
      .set({ epoch, quantity: unitsOf(stockReturn), released_at_ms: nowMs, applied_at_ms: null })
      .where("reservation_id", "=", reservationId)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) await writeReturns(transaction, [stockReturn], nowMs);
  }
}

function distinct(entries: readonly BatchEntry[], field: "reservationId" | "productId" | "userId"): string[] {
  const values = new Set<string>();
  for (const entry of entries) if (entry[field] !== undefined) values.add(entry[field]);
  return [...values];
}
