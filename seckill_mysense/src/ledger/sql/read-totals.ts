import type { ProductTotals } from "../../domain/order.ts";
import type { LedgerReader } from "../database/ledger-database.ts";
import type { ProductRow } from "../database/schema.ts";

/** Run it in a snapshot: then the product's row and the counted orders are of the same moment. */
export async function readTotals(snapshot: LedgerReader, productId: string): Promise<ProductTotals | undefined> {
  const row = await snapshot
    .selectFrom("products")
    .select(["id", "total", "reserved", "sold"])
    .where("id", "=", productId)
    .executeTakeFirst();
  return row === undefined ? undefined : splitTotals(snapshot, row);
}

/** The product's row has the sum of its active orders; the orders say how many of them are paid. */
export async function splitTotals(
  database: LedgerReader,
  { id, total, reserved, sold }: Pick<ProductRow, "id" | "total" | "reserved" | "sold">,
): Promise<ProductTotals> {
  const { paid } = await database
    .selectFrom("orders")
    .select(({ fn }) => fn.sum<number | string | null>("quantity").as("paid"))
    .where("product_id", "=", id)
    .where("state", "=", "paid")
    .executeTakeFirstOrThrow();
  const units = Number(paid ?? 0);
  return { total, reserved: reserved + sold - units, sold: units };
}
