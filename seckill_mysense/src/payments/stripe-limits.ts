// Stripe's limits, from docs.stripe.com/api/checkout/sessions/create and docs.stripe.com/currencies.

import type { Money } from "../domain/payment.ts";

const minuteMs = 60_000;

/** How long a Checkout Session may last. */
export const sessionMs = { least: 30 * minuteMs, most: 24 * 60 * minuteMs };

/** Between two clocks, and between a payment that is opened and Stripe's reading of it. */
export const sessionLeewayMs = minuteMs;

/** A payment may be opened at Stripe for as long as this after it was opened here: its session must fit behind that. */
export const longestAskAfterMs = sessionMs.most - sessionMs.least - 2 * sessionLeewayMs;

/** For cards. American Express takes less, and so do some other ways to pay. */
const mostMinor = 999_999_999_999;

/** The least charge in minor units where the account is paid out in the same currency. Those without a limit are missing. */
const leastMinor: Readonly<Record<string, number>> = {
  ...{ AED: 200, ARS: 50, AUD: 50, BRL: 50, CAD: 50, CHF: 50, COP: 50, CZK: 1_500, DKK: 250, EUR: 50, GBP: 30 },
  ...{ HKD: 400, HUF: 17_500, IDR: 50, ILS: 50, INR: 50, JPY: 50, KRW: 50, MXN: 1_000, MYR: 200, NOK: 300 },
  ...{ NZD: 50, PHP: 50, PLN: 200, RON: 200, RUB: 50, SEK: 300, SGD: 50, THB: 1_000, USD: 50, ZAR: 50 },
};

/** Stripe counts these in other units than the rest of the world, and than our pages. */
const countedOtherwise = new Set(["ISK", "MGA", "UGX"]);
/** With a thousand minor units. Stripe takes only multiples of ten. */
const thousandths = new Set(["BHD", "JOD", "KWD", "OMR", "TND"]);

/** Says why Stripe takes no such payment; undefined if it may. Nothing at all can be paid. */
export function describeBadAmount({ amountMinor, currency }: Money): string | undefined {
  if (countedOtherwise.has(currency)) return `${currency}: Stripe counts it in other minor units`;
  if (thousandths.has(currency) && amountMinor % 10 !== 0) {
    return `${amountMinor} ${currency} in minor units: Stripe takes only multiples of 10`;
  }
  const least = leastMinor[currency] ?? 0;
  if (amountMinor > mostMinor) return `${amountMinor} ${currency} in minor units: Stripe takes at most ${mostMinor}`;
  if (amountMinor === 0 || amountMinor >= least) return undefined;
  return `${amountMinor} ${currency} in minor units: Stripe takes nothing below ${least}, except 0`;
}
