import type { Order } from "../domain/order.ts";
import { totalOf } from "../domain/price.ts";
import type { LedgerPayments } from "../ledger/payments.ts";
import type { PaymentProvider } from "./payment-provider.ts";

export interface StartPaymentOptions {
  readonly payments: Pick<LedgerPayments, "open" | "markCreated">;
  readonly provider: PaymentProvider;
  /** How long a callback may take before the provider is asked, in milliseconds. */
  readonly askAfterMs: number;
  readonly now: () => number;
}

export type StartedPayment =
  | { readonly kind: "started"; readonly order: Order; readonly payUrl: string }
  | { readonly kind: "refused"; readonly order: Order }
  | { readonly kind: "not_found" };

/**
 * Starts to pay an order, or all orders of a bundle, and says where the buyer pays. The ledger has the payment before the provider is told: so a
 * callback always finds it. Repeating the call gives the same payment.
 * `id` is that of the order, or of the bundle.
 * @throws ProviderUnavailableError, ProviderRefusedError, LedgerUnavailableError
 */
export async function startPayment(
  id: string,
  orders: readonly [Order, ...Order[]],
  { payments, provider, askAfterMs, now }: StartPaymentOptions,
): Promise<StartedPayment> {
  const nowMs = now();
  const outcome = await payments.open(id, {
    amountMinor: totalOf(orders),
    currency: orders[0].currency,
    provider: provider.name,
    nowMs,
    askAtMs: nowMs + askAfterMs,
  });
  if (outcome.kind !== "open") return outcome;
  const { payment, order } = outcome;
  if (payment.payUrl !== undefined) return { kind: "started", order, payUrl: payment.payUrl };
  const created = await provider.create({
    paymentId: payment.id,
    amountMinor: payment.amountMinor,
    currency: payment.currency,
    description: shortened(orders.map(describe).join(", ")),
    createdAtMs: payment.createdAtMs,
    payBeforeMs: order.payBeforeMs,
  });
  await payments.markCreated(payment.id, created);
  return { kind: "started", order, payUrl: created.payUrl };
}

/** Providers limit the length, and the names of a bundle's products may be long. */
const maxDescriptionLength = 250;

function shortened(text: string): string {
  if (text.length <= maxDescriptionLength) return text;
  // Half a character at the cut is no character.
  return `${text.slice(0, maxDescriptionLength - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

function describe({ productName, quantity }: Order): string {
  return quantity === 1 ? productName : `${quantity} x ${productName}`;
}
