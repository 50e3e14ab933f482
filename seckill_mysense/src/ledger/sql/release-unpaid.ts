import type { KnownBundle } from "../../domain/bundle-plan.ts";
import type { Order, OrderState } from "../../domain/order.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import type { StoredOrder } from "../database/schema.ts";
import type { TransitionOutcome } from "../orders.ts";
import { readPurchases } from "./purchases.ts";
import { maxReleasedBundles, releaseBundles } from "./release-bundles.ts";
import { releaseOrders, type Released } from "./release-orders.ts";
import { toOrder } from "./rows.ts";

/** Most orders that one transaction ends. */
const maxEnded = 500;

export interface UnpaidContext {
  readonly database: RetryingDatabase;
  readonly now: () => number;
}

/**
 * Expires orders, and complete bundles as a whole. The parts of other bundles are released when their bundle breaks.
 */
export async function expireUnpaid(context: UnpaidContext, nowMs: number, limit: number): Promise<number> {
  const due = await context.database.read((database) =>
    database
      .selectFrom("orders")
      .leftJoin("bundles", "bundles.id", "orders.bundle_id")
      .select(["orders.reservation_id", "orders.product_id", "orders.bundle_id"])
      .where("orders.state", "=", "reserved")
      .where("orders.pay_before_ms", "<", nowMs)
      .where(({ eb, or }) => or([eb("orders.bundle_id", "is", null), eb("bundles.state", "=", "complete")]))
      .orderBy("orders.pay_before_ms")
      .limit(limit)
      .execute(),
  );
  const single = due.filter(({ bundle_id }) => bundle_id === null);
  const orders = await endOrders(context, single, "expired");
  const bundleIds = due.flatMap(({ bundle_id }) => bundle_id ?? []);
  const purchases = await context.database.read((database) => readPurchases(database, bundleIds));
  const bundled = await endBundles(context, purchases.bundles, "expired");
  return orders.released.length + bundled.released.length;
}

/** Each id is that of an order, of a bundle, or of one of its parts. */
export async function cancelUnpaid(context: UnpaidContext, ids: readonly string[]): Promise<TransitionOutcome[]> {
  const purchases = await context.database.read((database) => readPurchases(database, ids));
  const orderIds = ids.flatMap((id) => purchases.ordersOf(id));
  const outcomes = new Map<string, TransitionOutcome>();
  const note = ({ before, released }: Released): void => {
    for (const row of before.values()) outcomes.set(row.reservation_id, settled(toOrder(row), "cancelled"));
    for (const row of released) outcomes.set(row.reservation_id, { kind: "done", order: toOrder(row) });
  };
  const found = await readOrders(context.database, orderIds);
  note({ before: found, released: [] });
  // No order becomes `reserved` again, so the answer about all others stays true and needs no lock.
  const reserved = [...found.values()].filter(({ state }) => state === "reserved");
  const single = reserved.filter(({ bundle_id }) => bundle_id === null);
  note(await endOrders(context, single, "cancelled"));
  const bundleIds = new Set(reserved.map(({ bundle_id }) => bundle_id));
  const bundles = purchases.bundles.filter(({ bundleId }) => bundleIds.has(bundleId));
  note(await endBundles(context, bundles, "cancelled"));
  return ids.map((id) => outcomes.get(purchases.ordersOf(id)[0] ?? "") ?? { kind: "not_found" });
}

/** The answer about an order that was not changed. */
export function settled(order: Order, target: OrderState): TransitionOutcome {
  return { kind: order.state === target ? "already" : "refused", order };
}

async function readOrders(database: RetryingDatabase, ids: readonly string[]): Promise<Map<string, StoredOrder>> {
  if (ids.length === 0) return new Map();
  const rows = await database.read((reader) =>
    reader.selectFrom("orders").selectAll().where("reservation_id", "in", ids).execute(),
  );
  return new Map(rows.map((row) => [row.reservation_id, row]));
}

/** Ends unpaid orders product by product, so that each transaction locks only one product. */
export async function endOrders(
  { database, now }: UnpaidContext,
  orders: readonly Pick<StoredOrder, "reservation_id" | "product_id">[],
  to: "cancelled" | "expired",
): Promise<Released> {
  const { locksRows } = database.dialect;
  const ended: Released[] = [];
  for (const [productId, rows] of Map.groupBy(orders, (row) => row.product_id)) {
    const ids = rows.map((row) => row.reservation_id);
    for (let start = 0; start < ids.length; start += maxEnded) {
      const reservationIds = ids.slice(start, start + maxEnded);
      const release = { productId, reservationIds, from: "reserved", to, nowMs: now(), locksRows } as const;
      ended.push(await database.write((transaction) => releaseOrders(transaction, release)));
    }
  }
  return together(ended);
}

async function endBundles(
  { database, now }: UnpaidContext,
  bundles: readonly KnownBundle[],
  to: "cancelled" | "expired",
): Promise<Released> {
  const { locksRows } = database.dialect;
  const ended: Released[] = [];
  for (let start = 0; start < bundles.length; start += maxReleasedBundles) {
    const some = bundles.slice(start, start + maxReleasedBundles);
    const release = { from: "reserved", to, nowMs: now(), locksRows } as const;
    ended.push(await database.write((transaction) => releaseBundles(transaction, some, release)));
  }
  return together(ended);
}

function together(parts: readonly Released[]): Released {
  const before = new Map(parts.flatMap((part) => [...part.before]));
  return { released: parts.flatMap((part) => part.released), before };
}
