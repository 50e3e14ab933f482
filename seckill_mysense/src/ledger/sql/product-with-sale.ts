import type { Selectable } from "kysely";
import type { LedgerReader } from "../database/ledger-database.ts";
import type { ProductRow, SaleRow } from "../database/schema.ts";
import type { ListedProduct } from "../waiters.ts";
import { toProductRecord } from "./rows.ts";

export type ProductWithSale = Selectable<ProductRow> &
  Pick<Selectable<SaleRow>, "title" | "starts_at_ms" | "ends_at_ms" | "state" | "version"> & { sale_paused: number };

/** Products with what their sales say, read in one query: the figures of a row are of one moment. */
export function selectWithSale(database: LedgerReader) {
  return database
    .selectFrom("products")
    .innerJoin("sales", "sales.id", "products.sale_id")
    .selectAll("products")
    .select(["sales.title", "sales.starts_at_ms", "sales.ends_at_ms", "sales.state", "sales.version"])
    .select("sales.paused as sale_paused");
}

export function toProductAndSale(row: ProductWithSale): ListedProduct {
  return {
    sale: {
      ...{ id: row.sale_id, title: row.title, startsAtMs: row.starts_at_ms, endsAtMs: row.ends_at_ms },
      ...{ state: row.state, paused: row.sale_paused === 1, version: row.version },
    },
    product: toProductRecord(row),
  };
}
