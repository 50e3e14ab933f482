import type { LedgerTransaction } from "../database/ledger-database.ts";
import type { StoredOrder } from "../database/schema.ts";

/**
 * Locks orders until the end of the transaction, and reads them. Locks are taken in one order everywhere: products,
 * orders, payments; and within a table by id.
 */
export async function lockOrders(
  transaction: LedgerTransaction,
  reservationIds: readonly string[],
  locksRows: boolean,
): Promise<Map<string, StoredOrder>> {
  if (reservationIds.length === 0) return new Map();
  const rows = await transaction
    .selectFrom("orders")
    .selectAll()
    .where("reservation_id", "in", [...new Set(reservationIds)])
    .orderBy("reservation_id")
    .$if(locksRows, (query) => query.forUpdate())
    .execute();
  return new Map(rows.map((row) => [row.reservation_id, row]));
}
