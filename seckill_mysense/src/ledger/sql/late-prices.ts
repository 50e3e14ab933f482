import type { StoredOrder } from "../database/schema.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";

/**
 * Orders with a price. A consumer of an older program, which still runs during an upgrade, records orders without one.
 * Such an order gets the price of its product when it is first read, and keeps it: otherwise it could be paid with
 * nothing.
 */
export async function withPrices(database: RetryingDatabase, rows: readonly StoredOrder[]): Promise<StoredOrder[]> {
  const priced: StoredOrder[] = [];
  for (const row of rows) priced.push(row.price_minor === null ? await givePrice(database, row) : row);
  return priced;
}

function givePrice(database: RetryingDatabase, row: StoredOrder): Promise<StoredOrder> {
  const { reservation_id, product_id } = row;
  return database.read(async (writer) => {
    const agreed = await writer
      .selectFrom("products")
      .select(["name as product_name", "price_minor", "currency"])
      .where("id", "=", product_id)
      .executeTakeFirstOrThrow();
    await writer
      .updateTable("orders")
      .set(agreed)
      .where("reservation_id", "=", reservation_id)
      .where("price_minor", "is", null)
      .execute();
    return writer
      .selectFrom("orders")
      .selectAll()
      .where("reservation_id", "=", reservation_id)
      .executeTakeFirstOrThrow();
  });
}
