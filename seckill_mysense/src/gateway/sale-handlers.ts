import { listSales, readSale, type SaleDetails } from "../contract/sales.ts";
import type { RoomSettings } from "../domain/room.ts";
import type { SaleRecord } from "../domain/sale.ts";
import { availableIn, totalOf } from "./bucket-borrower.ts";
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
    const found = catalogue.sale(params.id);
    if (found === undefined) return { failure: "sale_not_found" };
    return { ok: { serverTimeMs: mount.now(), sale: toDetails(found.sale, found.products) } };
  });
}

function toDetails(sale: SaleRecord, products: readonly CatalogueProduct[]): SaleDetails {
  return {
    ...{ id: sale.id, title: sale.title, startsAtMs: sale.startsAtMs, endsAtMs: sale.endsAtMs },
    ...{ paused: sale.paused, cancelled: sale.state === "cancelled" },
    ...(sale.room && { room: describeRoom(sale.room) }),
    ...(sale.invitedOnly && { invitedOnly: true as const }),
    products: products.map(({ product, buckets }) => ({
      id: product.id,
      name: product.name,
      priceMinor: product.priceMinor,
      currency: product.currency,
      total: totalOf(buckets),
      limitPerUser: product.limitPerUser,
      paused: product.paused,
      waiting: buckets.some((bucket) => bucket.product.waitingSince !== undefined),
      available: availableIn(buckets),
    })),
  };
}

function describeRoom({ mode, opensAtMs, closesAtMs }: RoomSettings): NonNullable<SaleDetails["room"]> {
  return { mode, opensAtMs, ...(closesAtMs !== undefined && { closesAtMs }) };
}
