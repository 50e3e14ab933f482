import type { SaleProduct } from "../domain/sale.ts";
import type { LedgerSales } from "../ledger/sales.ts";
import type { Clock } from "../time/clock.ts";

/** The gate keeps a product's keys for this long after the sale, so entries in its outbox may be that old. */
const relayedAfterEndMs = 7 * 24 * 60 * 60 * 1_000;

/** Lists the products whose outboxes may hold entries. Products of a sale do not change, so each sale is read once. */
export function relayedProducts(
  sales: Pick<LedgerSales, "list" | "read">,
  now: Clock["now"],
): () => Promise<readonly SaleProduct[]> {
  let known = new Map<string, readonly SaleProduct[]>();
  return async () => {
    const current = new Map<string, readonly SaleProduct[]>();
    for (const sale of await sales.list()) {
      if (sale.endsAtMs + relayedAfterEndMs < now()) continue;
      current.set(sale.id, known.get(sale.id) ?? (await sales.read(sale.id))?.products ?? []);
    }
    known = current;
    return [...current.values()].flat();
  };
}
