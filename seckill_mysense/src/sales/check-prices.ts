import { productOf } from "../domain/buckets.ts";
import type { CheckPrice, PricedProduct } from "../domain/price.ts";
import type { SaleChange } from "../domain/sale-change.ts";
import { InvalidSaleError } from "../ledger/ledger-errors.ts";

/** @throws InvalidSaleError */
export function checkPrices(saleId: string, products: readonly PricedProduct[], check: CheckPrice): void {
  for (const product of products) {
    const problem = check(product);
    if (problem !== undefined) throw new InvalidSaleError(`sale ${saleId}: ${problem}`);
  }
}

/** The products whose price or limit an update changes, as they will be. What the update lacks, the ledger refuses. */
export function repriced(change: SaleChange, before: readonly PricedProduct[]): readonly PricedProduct[] {
  const updates = change.kind === "update" ? (change.products ?? []) : [];
  const known = new Map(before.map((product) => [productOf(product.id), product]));
  return updates.flatMap(({ id, ...update }) => {
    const was = known.get(id);
    const { priceMinor = was?.priceMinor, currency = was?.currency } = update;
    const { limitPerUser = was?.limitPerUser ?? 1 } = update;
    const isSame = was?.priceMinor === priceMinor && was?.currency === currency && was?.limitPerUser === limitPerUser;
    if (isSame || priceMinor === undefined || currency === undefined) return [];
    return [{ id, priceMinor, currency, limitPerUser }];
  });
}
