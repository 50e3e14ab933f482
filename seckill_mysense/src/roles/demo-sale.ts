import type { Logger } from "../logging/logger.ts";
import type { LedgerSales } from "../ledger/sales.ts";
import type { Settings } from "../settings/settings.ts";

export const demoProductId = "aurora-headphones";

/** Creates a sale for trying out the system, if the ledger has no sale. */
export async function createDemoSale(
  sales: Pick<LedgerSales, "list" | "create">,
  { demo, demo_units, demo_starts_in_seconds, demo_lasts_seconds }: Settings["sale"],
  { logger, now }: { readonly logger: Logger; readonly now: () => number },
): Promise<void> {
  if (!demo || (await sales.list()).length > 0) return;
  const startsAtMs = now() + demo_starts_in_seconds * 1000;
  const sale = { id: "demo", title: "Demo sale", startsAtMs, endsAtMs: startsAtMs + demo_lasts_seconds * 1000 };
  const product = {
    id: demoProductId,
    saleId: sale.id,
    name: "Aurora wireless headphones",
    priceMinor: 4_900,
    currency: "EUR",
    total: demo_units,
    limitPerUser: 1,
    epoch: 1,
  };
  await sales.create(sale, [product]);
  logger.info("a demo sale was made", {
    productId: product.id,
    units: demo_units,
    startsInSeconds: demo_starts_in_seconds,
  });
}
