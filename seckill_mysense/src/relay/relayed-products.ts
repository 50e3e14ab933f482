import type { SaleProduct } from "../domain/sale.ts";
import type { Ledger } from "../ledger/ledger.ts";

/** As long as the gate keeps a product's keys after its sale: entries in its outbox may be that old. */
const relayedAfterEndMs = 7 * 24 * 60 * 60 * 1_000;

/** Lists the products whose outboxes may hold entries. Products of a sale do not change, so each sale is read once. */
export function relayedProducts(
  ledger: Pick<Ledger, "listSales" | "readSale">,
  now: () => number,
): () => Promise<readonly SaleProduct[]> {
  let known = new Map<string, readonly SaleProduct[]>();
  return async () => {
    const current = new Map<string, readonly SaleProduct[]>();
    for (const sale of await ledger.listSales()) {
      if (sale.endsAtMs + relayedAfterEndMs < now()) continue;
      current.set(sale.id, known.get(sale.id) ?? (await ledger.readSale(sale.id))?.products ?? []);
    }
    known = current;
    return [...current.values()].flat();
  };
}
