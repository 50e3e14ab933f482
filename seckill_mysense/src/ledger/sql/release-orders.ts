import type { StockReturn } from "../../domain/order.ts";
import { sumOfUnits } from "../../domain/units.ts";
import type { LedgerTransaction } from "../database/ledger-database.ts";
import type { StoredOrder } from "../database/schema.ts";
import { LedgerCorruptionError } from "../ledger-errors.ts";
import { lockOrders } from "./lock-orders.ts";
import { lockProducts } from "./lock-products.ts";
import { toOrder } from "./rows.ts";
import { writeReturns } from "./sql-returns.ts";

export interface Release {
  readonly productId: string;
  readonly reservationIds: readonly string[];
  /** Orders in another state stay as they are. */
  readonly from: "reserved" | "paid";
  readonly to: "cancelled" | "expired" | "refund_due" | "refunded";
  readonly nowMs: number;
  readonly locksRows: boolean;
}

/** Orders that were released, as they are now; and all orders that were to be, as they were before. */
export interface Released {
  readonly released: readonly StoredOrder[];
  readonly before: ReadonlyMap<string, StoredOrder>;
}

/** The column with the time at which an order came into its state. */
const timeOf = {
  cancelled: "cancelled_at_ms",
  refund_due: "cancelled_at_ms",
  expired: "expired_at_ms",
  refunded: "refunded_at_ms",
} as const;

/**
 * Ends orders of one product and gives their units back, in the caller's transaction. The product is locked first: its
 * epoch is read with the lock, because a released unit belongs to the epoch of its release. If the gate was rebuilt
 * since the order, it was armed without this unit.
 */
export async function releaseOrders(
  transaction: LedgerTransaction,
  { productId, reservationIds, from, to, nowMs, locksRows }: Release,
): Promise<Released> {
  const product = (await lockProducts(transaction, [productId], locksRows)).get(productId);
  if (product === undefined) throw new LedgerCorruptionError(`the product ${productId} has been deleted`);
  const before = await lockOrders(transaction, reservationIds, locksRows);
  const held = [...before.values()].filter((row) => row.state === from && row.product_id === productId);
  if (held.length === 0) return { released: [], before };
  const units = sumOfUnits(held);
  const change = { state: to, active_slot: null, [timeOf[to]]: nowMs };
  const ids = held.map((row) => row.reservation_id);
  await transaction.updateTable("orders").set(change).where("reservation_id", "in", ids).execute();
  await transaction
    .updateTable("products")
    .set(({ eb }) => ({ reserved: eb("reserved", "-", units) }))
    .where("id", "=", productId)
    .execute();
  const returns = held.map((row): StockReturn => ({ ...toOrder(row), epoch: product.epoch }));
  await writeReturns(transaction, returns, nowMs);
  return { released: held.map((row) => ({ ...row, ...change })), before };
}
