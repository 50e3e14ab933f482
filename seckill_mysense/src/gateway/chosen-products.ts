import type { TokenPart } from "../authorization/sale-token.ts";
import { productOf } from "../domain/buckets.ts";
import type { SaleRecord } from "../domain/sale.ts";
import type { Catalogue } from "./catalogue.ts";
import type { CatalogueProduct } from "./catalogue-product.ts";

export interface WantedProduct {
  readonly productID: string;
  readonly quantity: number;
}

export type ChosenProducts =
  | { readonly sale: SaleRecord; readonly parts: readonly TokenPart[] }
  | { readonly failure: "product_not_found" | "invalid_request"; readonly message: string };

/**
 * What a token for a bundle grants. Its parts have the order of their products' ids: all buyers then reserve in the same
 * order, and of two who want the same last units one gets all of them.
 */
export function chooseProducts(
  wanted: readonly WantedProduct[],
  catalogue: Pick<Catalogue, "findFor">,
  userId: string,
): ChosenProducts {
  const chosen: Chosen[] = [];
  for (const [index, { productID, quantity }] of wanted.entries()) {
    const entry = catalogue.findFor(productID, userId);
    const name = JSON.stringify(productID);
    if (entry === undefined) return { failure: "product_not_found", message: `There is no product ${name}.` };
    const problem = problemOf({ entry, quantity }, chosen);
    if (problem !== undefined)
      return { failure: "invalid_request", message: `products.${index} is ${name}: ${problem}` };
    chosen.push({ entry, quantity });
  }
  chosen.sort((a, b) => (productOf(a.entry.product.id) < productOf(b.entry.product.id) ? -1 : 1));
  return {
    sale: chosen[0]!.entry.sale,
    parts: chosen.map(({ entry, quantity }) => ({ productId: entry.product.id, quantity })),
  };
}

/** What keeps a product out of a bundle with the products before it, in words. */
function problemOf({ entry, quantity }: Chosen, before: readonly Chosen[]): string | undefined {
  const { sale, product } = entry;
  const first = before[0]?.entry ?? entry;
  if (before.some((one) => one.entry === entry)) return "a bundle names each product once";
  if (first.sale.id !== sale.id) {
    return `it belongs to the sale ${sale.id}, and ${productOf(first.product.id)} to ${first.sale.id}; a bundle is of one sale`;
  }
  if (first.product.currency !== product.currency) {
    return `its price is in ${product.currency}, and that of ${productOf(first.product.id)} in ${first.product.currency}; a bundle has one currency`;
  }
  if (quantity <= product.limitPerUser) return undefined;
  return `its quantity is ${quantity}; it must be at most ${product.limitPerUser}, the most that one user may buy`;
}

interface Chosen {
  readonly entry: CatalogueProduct;
  readonly quantity: number;
}
