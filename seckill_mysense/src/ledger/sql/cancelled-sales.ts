import { activeStates, type OrderState } from "../../domain/order.ts";
import type { KnownBundle } from "../../domain/bundle-plan.ts";
import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import type { StoredOrder } from "../database/schema.ts";
import { breakBundles } from "./bundle-rows.ts";
import { callOffBundles, callOffOrders } from "./call-off.ts";
import { readPurchases } from "./purchases.ts";
import { maxReleasedBundles, releaseBundles } from "./release-bundles.ts";
import { releaseOrders, type Release } from "./release-orders.ts";

/** Most orders that one transaction releases. */
const maxReleased = 500;

/**
 * Releases orders of cancelled sales: unpaid ones are cancelled, paid ones are due for a refund. No order is recorded
 * after the cancellation, so a sale without such orders is done. Returns how many orders it found to be released, at most `limit`: another
 * process may have released some of them first.
 */
export async function releaseCancelledSales(
  database: RetryingDatabase,
  now: () => number,
  limit: number,
): Promise<number> {
  const sales = await database.read((reader) =>
    reader.selectFrom("sales").select("id").where("release_pending", "=", 1).orderBy("id").execute(),
  );
  let released = 0;
  for (const { id } of sales) {
    while (released < limit) {
      const step = await releaseSome(database, id, Math.min(maxReleased, limit - released), now());
      if (step === undefined) {
        await markReleased(database, id);
        break;
      }
      released += step;
    }
  }
  return released;
}

function markReleased(database: RetryingDatabase, saleId: string): Promise<unknown> {
  return database.read((writer) =>
    writer.updateTable("sales").set({ release_pending: 0 }).where("id", "=", saleId).execute(),
  );
}

/**
 * Releases orders of one product, so that each transaction locks only one product; bundles as a whole.
 * @returns how many orders it found, so that the caller asks again; undefined when the sale has none left
 */
async function releaseSome(
  database: RetryingDatabase,
  saleId: string,
  limit: number,
  nowMs: number,
): Promise<number | undefined> {
  const next = await database.read((reader) =>
    reader
      .selectFrom("orders")
      .select("product_id")
      .where("sale_id", "=", saleId)
      .where("state", "in", activeStates)
      .limit(1)
      .executeTakeFirst(),
  );
  if (next === undefined) return undefined;
  const rows = await database.read((reader) => readActive(reader, next.product_id, limit));
  const release = { nowMs, locksRows: database.dialect.locksRows };
  const whole = await bundlesToRelease(database, rows, nowMs);
  for (let start = 0; start < whole.length; start += maxReleasedBundles) {
    const some = whole.slice(start, start + maxReleasedBundles);
    await database.write(async (transaction) => {
      await releaseBundles(transaction, some, { ...release, from: "reserved", to: "cancelled" });
      await callOffBundles(transaction, some, release);
    });
  }
  const isWhole = new Set<string | null>(whole.map(({ bundleId }) => bundleId));
  const single = rows.filter(({ bundle_id }) => !isWhole.has(bundle_id));
  await database.write((transaction) => releaseOf(transaction, single, { ...release, productId: next.product_id }));
  return rows.length;
}

type ActiveOrder = Pick<StoredOrder, "reservation_id" | "state" | "bundle_id">;

function readActive(reader: LedgerReader, productId: string, limit: number): Promise<ActiveOrder[]> {
  return reader
    .selectFrom("orders")
    .select(["reservation_id", "state", "bundle_id"])
    .where("product_id", "=", productId)
    .where("state", "in", activeStates)
    .limit(limit)
    .execute();
}

/**
 * The complete bundles among the orders, which are released as a whole. The others are broken first: so no part of theirs
 * is won any more, and each can be released by itself.
 */
async function bundlesToRelease(
  database: RetryingDatabase,
  orders: readonly ActiveOrder[],
  nowMs: number,
): Promise<readonly KnownBundle[]> {
  const ids = [...new Set(orders.flatMap(({ bundle_id }) => bundle_id ?? []))].toSorted();
  if (ids.length === 0) return [];
  await database.write((transaction) => breakBundles(transaction, ids, { reason: "sale_cancelled", nowMs }));
  return database.read(async (reader) => (await readPurchases(reader, ids)).bundles);
}

/** Orders that were paid between the reading and the lock stay for the next step. */
async function releaseOf(
  transaction: LedgerTransaction,
  rows: readonly ActiveOrder[],
  release: Pick<Release, "productId" | "nowMs" | "locksRows">,
): Promise<void> {
  const idsOf = (wanted: OrderState): string[] =>
    rows.filter(({ state }) => state === wanted).map((row) => row.reservation_id);
  const unpaid = { ...release, reservationIds: idsOf("reserved"), from: "reserved", to: "cancelled" } as const;
  await releaseOrders(transaction, unpaid);
  await callOffOrders(transaction, { ...release, reservationIds: idsOf("paid") });
}
