import type { SaleChange } from "../domain/sale-change.ts";
import { productOf } from "../domain/buckets.ts";
import type { SaleProduct } from "../domain/sale.ts";
import { InvalidSaleError } from "../ledger/ledger-errors.ts";
import type { PaymentProvider } from "../payments/payment-provider.ts";
import { describeBadAmount } from "../payments/stripe-limits.ts";

type Priced = Pick<SaleProduct, "id" | "priceMinor" | "currency" | "limitPerUser">;

/** Says why a product cannot be paid for; undefined if it can. */
export type CheckPrice = (product: Priced) => string | undefined;

/** What the provider of the settings cannot take is told to the merchant, and not to each buyer. */
export function priceCheck(provider: PaymentProvider["name"] | "none"): CheckPrice {
  if (provider !== "stripe") return () => undefined;
  return ({ id, priceMinor, currency, limitPerUser }) => {
    const one = describeBadAmount({ amountMinor: priceMinor, currency });
    if (one !== undefined) return `product ${id}: the price is ${one}`;
    const all = describeBadAmount({ amountMinor: priceMinor * limitPerUser, currency });
    return all === undefined ? undefined : `product ${id}: ${limitPerUser} units for one user cost ${all}`;
  };
}

/** @throws InvalidSaleError */
export function checkPrices(saleId: string, products: readonly Priced[], check: CheckPrice): void {
  for (const product of products) {
    const problem = check(product);
    if (problem !== undefined) throw new InvalidSaleError(`sale ${saleId}: ${problem}`);
  }
}

/** The products whose price or limit an update changes, as they will be. What the update lacks, the ledger refuses. */
export function repriced(change: SaleChange, before: readonly Priced[]): readonly Priced[] {
  const updates = change.kind === "update" ? (change.products ?? []) : [];
  const known = new Map(before.map((product) => [productOf(product.id), product]));
  return updates.flatMap(({ id, priceMinor, currency, limitPerUser }) => {
    if (priceMinor === undefined && currency === undefined && limitPerUser === undefined) return [];
    const was = known.get(id);
    const price = priceMinor ?? was?.priceMinor;
    const kind = currency ?? was?.currency;
    if (price === undefined || kind === undefined) return [];
    return [{ id, priceMinor: price, currency: kind, limitPerUser: limitPerUser ?? was?.limitPerUser ?? 1 }];
  });
}
