import type { StockReturn } from "../../domain/order.ts";
import type { LedgerTransaction } from "../database/ledger-database.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import { lockProducts } from "./lock-products.ts";
import { toOrder } from "./rows.ts";
import { writeReturns } from "./sql-returns.ts";

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
      released += step;
      if (step > 0) continue;
      await markReleased(database, id);
      break;
    }
  }
  return released;
}

function markReleased(database: RetryingDatabase, saleId: string): Promise<unknown> {
  return database.read((writer) =>
    writer.updateTable("sales").set({ release_pending: 0 }).where("id", "=", saleId).execute(),
  );
}

/** Orders of one product, so that each transaction locks only one product. */
async function releaseSome(database: RetryingDatabase, saleId: string, limit: number, nowMs: number): Promise<number> {
  const next = await database.read((reader) =>
    reader
      .selectFrom("orders")
      .select("product_id")
      .where("sale_id", "=", saleId)
      .where("state", "in", ["reserved", "paid"])
      .limit(1)
      .executeTakeFirst(),
  );
  if (next === undefined) return 0;
  const { locksRows } = database.dialect;
  return database.write((transaction) => releaseOf(transaction, next.product_id, { limit, nowMs, locksRows }));
}

async function releaseOf(
  transaction: LedgerTransaction,
  productId: string,
  { limit, nowMs, locksRows }: { readonly limit: number; readonly nowMs: number; readonly locksRows: boolean },
): Promise<number> {
  const product = (await lockProducts(transaction, [productId], locksRows)).get(productId);
  if (product === undefined) return 0;
  const rows = await transaction
    .selectFrom("orders")
    .selectAll()
    .where("product_id", "=", productId)
    .where("state", "in", ["reserved", "paid"])
    .limit(limit)
    .execute();
  if (rows.length === 0) return 0;
  const unpaid = rows.filter(({ state }) => state === "reserved").map((row) => row.reservation_id);
  const paid = rows.filter(({ state }) => state === "paid").map((row) => row.reservation_id);
  const change = async (ids: readonly string[], state: "cancelled" | "refund_due"): Promise<void> => {
    if (ids.length === 0) return;
    const columns = { state, active_slot: null, cancelled_at_ms: nowMs };
    await transaction.updateTable("orders").set(columns).where("reservation_id", "in", ids).execute();
  };
  await change(unpaid, "cancelled");
  await change(paid, "refund_due");
  await transaction
    .updateTable("products")
    .set(({ eb }) => ({ reserved: eb("reserved", "-", unpaid.length), sold: eb("sold", "-", paid.length) }))
    .where("id", "=", productId)
    .execute();
  const returns = rows.map((row): StockReturn => ({ ...toOrder(row), epoch: product.epoch }));
  await writeReturns(transaction, returns, nowMs);
  return rows.length;
}
