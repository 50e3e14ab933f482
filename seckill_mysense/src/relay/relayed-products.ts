import type { ProductRecord, SaleRecord } from "../domain/sale.ts";
import type { LedgerChanges } from "../ledger/changes.ts";
import type { Clock } from "../time/clock.ts";

/** The gate keeps a product's keys for this long after the sale, so entries in its outbox may be that old. */
const relayedAfterEndMs = 7 * 24 * 60 * 60 * 1_000;
/** Before the start there are no entries. The clocks of relay and gate may differ by this much. */
const relayedBeforeStartMs = 60_000;

/** Lists the products whose outboxes may hold entries. Each call reads only what has changed since the one before. */
export function relayedProducts(
  changes: Pick<LedgerChanges, "since">,
  now: Clock["now"],
): () => Promise<readonly ProductRecord[]> {
  const sales = new Map<string, { sale: SaleRecord; products: Map<string, ProductRecord> }>();
  let revision = -1;
  return async () => {
    const nowMs = now();
    const changed = await changes.since(revision, { endedAfterMs: nowMs - relayedAfterEndMs });
    for (const sale of changed.sales) {
      sales.set(sale.id, { sale, products: sales.get(sale.id)?.products ?? new Map() });
    }
    for (const product of changed.products) sales.get(product.saleId)?.products.set(product.id, product);
    revision = changed.revision;
    const listed: ProductRecord[] = [];
    for (const { sale, products } of sales.values()) {
      if (sale.endsAtMs + relayedAfterEndMs < nowMs) sales.delete(sale.id);
      else if (sale.startsAtMs - relayedBeforeStartMs <= nowMs) listed.push(...products.values());
    }
    return listed;
  };
}
