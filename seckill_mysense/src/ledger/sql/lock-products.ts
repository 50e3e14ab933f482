import type { Selectable } from "kysely";
import type { LedgerTransaction } from "../database/ledger-database.ts";
import type { ProductRow } from "../database/schema.ts";

export type LockedProduct = Selectable<ProductRow>;

/**
 * Locks product rows until the end of the transaction, and reads them. Every transaction that changes orders or stock
 * starts with this, in the order of ids: no hold-and-wait, hence no deadlock among them.
 */
export async function lockProducts(
  transaction: LedgerTransaction,
  productIds: readonly string[],
  locksRows: boolean,
): Promise<Map<string, LockedProduct>> {
  if (productIds.length === 0) return new Map();
  const rows = await transaction
    .selectFrom("products")
    .selectAll()
    .where("id", "in", productIds)
    .orderBy("id")
    .$if(locksRows, (query) => query.forUpdate())
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}
