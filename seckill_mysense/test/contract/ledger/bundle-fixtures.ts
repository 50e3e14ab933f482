import { bundleId, partId, type Bundle } from "../../../src/domain/bundle.ts";
import type { AcceptedReservation } from "../../../src/domain/reservation.ts";
import type { Sale, SaleProduct } from "../../../src/domain/sale.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { makeProduct, makeSale, payWithinMs, unique } from "./ledger-fixtures.ts";

export const collectWithinMs = 20_000;

export const windows = { payWithinMs, collectWithinMs };

/** A sale of several products in the ledger. */
export async function createShelf(
  ledger: Ledger,
  count: number,
  changes: Partial<SaleProduct> = {},
): Promise<{ sale: Sale; products: SaleProduct[] }> {
  const sale = makeSale();
  const products = Array.from({ length: count }, (_, index) =>
    makeProduct(sale, { name: `Phone ${index + 1}`, priceMinor: 100 * (index + 1), ...changes }),
  );
  await ledger.sales.create(sale, products);
  return { sale, products };
}

export type AcceptedBundle = Bundle & { readonly accepted: readonly AcceptedReservation[] };

/** A bundle of one unit of each product, as the gates have accepted it. */
export function acceptBundle(
  products: readonly SaleProduct[],
  changes: Partial<AcceptedReservation> = {},
): AcceptedBundle {
  const [{ saleId }] = products as [SaleProduct];
  const id = bundleId(unique("b"));
  const userId = changes.userId ?? unique("user");
  const accepted = products.map((product, index) => ({
    ...{ reservationId: partId(id, index + 1, products.length), saleId, productId: product.id, userId },
    ...{ epoch: product.epoch, acceptedAtMs: 1_500, ...changes },
  }));
  return { bundleId: id, saleId, userId, parts: products.length, accepted };
}
