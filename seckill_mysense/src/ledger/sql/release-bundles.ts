import { partIds } from "../../domain/bundle.ts";
import type { KnownBundle } from "../../domain/bundle-plan.ts";
import type { OrderState } from "../../domain/order.ts";
import type { LedgerTransaction } from "../database/ledger-database.ts";
import type { StoredOrder } from "../database/schema.ts";
import { LedgerCorruptionError } from "../ledger-errors.ts";
import { lockOrders } from "./lock-orders.ts";
import { lockProducts } from "./lock-products.ts";
import { releaseOrders, type Release, type Released } from "./release-orders.ts";

/** Most bundles that one transaction releases: it locks the products of all of them. */
export const maxReleasedBundles = 50;

/**
 * Ends complete bundles, each of them as a whole, in the caller's transaction. All their products are locked first, and
 * then all their orders. A bundle whose orders are in another state stays as it is.
 * @throws LedgerCorruptionError if the orders of a bundle are in different states
 */
export async function releaseBundles(
  transaction: LedgerTransaction,
  bundles: readonly KnownBundle[],
  release: Omit<Release, "productId" | "reservationIds">,
): Promise<Released> {
  if (bundles.length === 0) return { released: [], before: new Map() };
  const ids = bundles.flatMap(partIds);
  await lockProducts(transaction, await productsOf(transaction, ids), release.locksRows);
  const before = await lockOrders(transaction, ids, release.locksRows);
  const whole = bundles.map(partIds).filter((parts) => stateOfAll(parts, before) === release.from);
  const released: StoredOrder[] = [];
  for (const [productId, reservationIds] of Map.groupBy(whole.flat(), (id) => before.get(id)!.product_id)) {
    const ofProduct = await releaseOrders(transaction, { ...release, productId, reservationIds });
    released.push(...ofProduct.released);
  }
  return { released, before };
}

/** The state of the orders of a complete bundle, which have all one. @throws LedgerCorruptionError if they have not */
export function stateOfAll(ids: readonly string[], orders: ReadonlyMap<string, StoredOrder>): OrderState {
  const states = ids.map((id) => orders.get(id)?.state);
  const [state] = states;
  if (state !== undefined && states.every((other) => other === state)) return state;
  const found = states.map((one) => one ?? "missing").join(", ");
  throw new LedgerCorruptionError(`the orders of a bundle, from ${ids[0]} on, are in different states: ${found}`);
}

/** The products of orders; an order never changes its product. */
export async function productsOf(transaction: LedgerTransaction, orderIds: readonly string[]): Promise<string[]> {
  if (orderIds.length === 0) return [];
  const rows = await transaction
    .selectFrom("orders")
    .select("product_id")
    .distinct()
    .where("reservation_id", "in", orderIds)
    .execute();
  return rows.map((row) => row.product_id);
}
