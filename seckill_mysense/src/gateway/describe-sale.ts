import type { SaleDescription, SaleDetails, SaleLive } from "../contract/sales.ts";
import type { RoomSettings } from "../domain/room.ts";
import { availableIn, totalOf } from "./bucket-borrower.ts";
import type { Catalogue } from "./catalogue.ts";
import type { CatalogueProduct } from "./catalogue-product.ts";

export type ListedSale = NonNullable<ReturnType<Catalogue["sale"]>>;

/** What a merchant has written down, without what changes while the sale runs. */
export function describeSale({ sale, products }: ListedSale): SaleDescription {
  return {
    ...{ id: sale.id, title: sale.title, startsAtMs: sale.startsAtMs, endsAtMs: sale.endsAtMs },
    cancelled: sale.state === "cancelled",
    ...(sale.room && { room: describeRoom(sale.room) }),
    ...(sale.invitedOnly && { invitedOnly: true as const }),
    products: products.map(({ product, buckets }) => ({
      ...{ id: product.id, name: product.name, priceMinor: product.priceMinor, currency: product.currency },
      ...{ total: totalOf(buckets), limitPerUser: product.limitPerUser },
    })),
  };
}

function describeRoom({ mode, opensAtMs, closesAtMs }: RoomSettings): NonNullable<SaleDetails["room"]> {
  return { mode, opensAtMs, ...(closesAtMs !== undefined && { closesAtMs }) };
}

export interface DescribedSale {
  /** The same in every gateway that has the same description. */
  readonly version: string;
  readonly description: SaleDescription;
}

/** What changes while the sale runs. */
export function describeLive({ sale, products }: ListedSale, version: string): SaleLive {
  const paused = products.filter(({ product }) => product.paused);
  const waiting = products.filter(isWaiting);
  return {
    version,
    paused: sale.paused,
    available: Object.fromEntries(products.map(({ product, buckets }) => [product.id, availableIn(buckets)])),
    ...(paused.length > 0 && { pausedProducts: paused.map(({ product }) => product.id) }),
    ...(waiting.length > 0 && { waitingProducts: waiting.map(({ product }) => product.id) }),
  };
}

const isWaiting = ({ buckets }: CatalogueProduct): boolean =>
  buckets.some(({ product }) => product.waitingSince !== undefined);

/** Both together. `described`: the description of the same sale. */
export function detailsOf(listed: ListedSale, { version, description }: DescribedSale): SaleDetails {
  const products = description.products.map((described, index) => {
    const entry = listed.products[index]!;
    const { paused } = entry.product;
    return { ...described, paused, waiting: isWaiting(entry), available: availableIn(entry.buckets) };
  });
  return { ...description, version, paused: listed.sale.paused, products };
}
