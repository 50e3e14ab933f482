import type { CheckPrice } from "../domain/price.ts";
import type { PaymentProvider } from "./payment-provider.ts";
import { describeBadAmount } from "./stripe-limits.ts";

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
