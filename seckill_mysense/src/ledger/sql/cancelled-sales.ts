import { activeStates, type OrderState } from "../../domain/order.ts";
import type { LedgerTransaction } from "../database/ledger-database.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import { callOffOrders } from "./call-off.ts";
import { releaseOrders } from "./release-orders.ts";

/** Most orders that one transaction releases. */
const maxReleased = 500;

/**
 * Releases orders of cancelled sales: unpaid ones are cancelled, paid ones are due for a refund. No order is recorded
 * after the cancellation, so a sale without such orders is done. Returns how many orders were released, at most `limit`.
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
 * Releases orders of one product, so that each transaction locks only one product.
 * @returns how many it found, 0 when another process has released them first; undefined when the sale has none left
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
  const { locksRows } = database.dialect;
  return database.write((transaction) => releaseOf(transaction, next.product_id, { limit, nowMs, locksRows }));
}

/**
 * Orders that were paid between the reading and the lock stay for the next step. Returns how many orders were found, so
 * that the caller asks again.
 */
async function releaseOf(
  transaction: LedgerTransaction,
  productId: string,
  { limit, nowMs, locksRows }: { readonly limit: number; readonly nowMs: number; readonly locksRows: boolean },
): Promise<number> {
  const rows = await transaction
    .selectFrom("orders")
    .select(["reservation_id", "state"])
    .where("product_id", "=", productId)
    .where("state", "in", activeStates)
    .limit(limit)
    .execute();
  const idsOf = (wanted: OrderState): string[] =>
    rows.filter(({ state }) => state === wanted).map((row) => row.reservation_id);
  const shared = { productId, nowMs, locksRows };
  const unpaid = { ...shared, reservationIds: idsOf("reserved"), from: "reserved", to: "cancelled" } as const;
  await releaseOrders(transaction, unpaid);
  await callOffOrders(transaction, { ...shared, reservationIds: idsOf("paid") });
  return rows.length;
}
