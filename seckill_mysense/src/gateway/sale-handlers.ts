import { listSales, readSale, type SaleDetails } from "../contract/sales.ts";
import type { RoomSettings } from "../domain/room.ts";
import type { SaleRecord } from "../domain/sale.ts";
import { availableIn, totalOf } from "./bucket-borrower.ts";
import type { Catalogue } from "./catalogue.ts";
import type { CatalogueProduct } from "./catalogue-product.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "./mount-endpoint.ts";
import { PolledAnswer } from "./polled-answer.ts";

/** Answers from the catalogue in memory, so that reloading the page never costs a read of the ledger. */
export function mountSales(app: GatewayApp, mount: MountOptions, catalogue: Catalogue): void {
  // Every open page asks again and again, so answers are encoded once for each refresh of the catalogue.
  const answers = new Map<string, PolledAnswer>();
  let version = -1;
  function answerFor(key: string, value: () => object): PolledAnswer {
    if (version !== catalogue.version) answers.clear();
    ({ version } = catalogue);
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = new PolledAnswer(value());
    answers.set(key, answer);
    return answer;
  }

  mountEndpoint(app, listSales, mount, ({ request }) => {
    const sales = () => catalogue.sales().map(({ sale, products }) => toDetails(sale, products));
    return answerFor("", () => ({ sales: sales() })).respond(request, mount.now());
  });

  mountEndpoint(app, readSale, mount, ({ params, request }) => {
    const found = catalogue.sale(params.id);
    if (found === undefined) return { failure: "sale_not_found" };
    const answer = answerFor(params.id, () => ({ sale: toDetails(found.sale, found.products) }));
    return answer.respond(request, mount.now());
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
