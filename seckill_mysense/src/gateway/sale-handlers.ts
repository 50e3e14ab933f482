import { listSales, readSale, type SaleDetails } from "../contract/sales.ts";
import type { SaleRecord } from "../domain/sale.ts";
import type { Catalogue } from "./catalogue.ts";
import type { CatalogueProduct } from "./catalogue-product.ts";
import { encodedAnswer } from "./refusal.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "./mount-endpoint.ts";

/** Answers from the catalogue in memory, so that reloading the page never costs a read of the ledger. */
export function mountSales(app: GatewayApp, mount: MountOptions, catalogue: Catalogue): void {
  let encoded = "";
  let encodedVersion = -1;
  mountEndpoint(app, listSales, mount, () => {
    // Every open page polls this list, so it is encoded once per refresh of the catalogue.
    if (encodedVersion !== catalogue.version) {
      encodedVersion = catalogue.version;
      encoded = JSON.stringify(catalogue.sales().map(({ sale, products }) => toDetails(sale, products)));
    }
    return encodedAnswer(`{"serverTimeMs":${mount.now()},"sales":${encoded}}`);
  });

  mountEndpoint(app, readSale, mount, ({ params }) => {
    const found = catalogue.sales().find(({ sale }) => sale.id === params.id);
    if (found === undefined) return { failure: "sale_not_found" };
    return { ok: { serverTimeMs: mount.now(), sale: toDetails(found.sale, found.products) } };
  });
}

/** Null if nothing is known. A bucket whose gate does not answer sells nothing. */
function availableIn(buckets: readonly CatalogueProduct[]): number | null {
  const known = buckets.filter(({ available }) => available !== null);
  return known.length === 0 ? null : known.reduce((sum, { available }) => sum + available!, 0);
}

function toDetails(sale: SaleRecord, products: readonly CatalogueProduct[]): SaleDetails {
  return {
    ...{ id: sale.id, title: sale.title, startsAtMs: sale.startsAtMs, endsAtMs: sale.endsAtMs },
    ...{ paused: sale.paused, cancelled: sale.state === "cancelled" },
    products: products.map(({ product, buckets }) => ({
      id: product.id,
      name: product.name,
      priceMinor: product.priceMinor,
      currency: product.currency,
      total: buckets.reduce((sum, bucket) => sum + bucket.product.total, 0),
      limitPerUser: product.limitPerUser,
      paused: product.paused,
      waiting: buckets.some((bucket) => bucket.product.waitingSince !== undefined),
      available: availableIn(buckets),
    })),
  };
}
