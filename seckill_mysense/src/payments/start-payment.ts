import type { Order } from "../domain/order.ts";
import type { Money } from "../domain/payment.ts";
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
 * Starts to pay an order, and says where the buyer pays. The ledger has the payment before the provider is told: so a
 * callback always finds it. Repeating the call gives the same payment.
 * @throws ProviderUnavailableError, ProviderRefusedError, LedgerUnavailableError
 */
export async function startPayment(
  asked: Order,
  { payments, provider, askAfterMs, now }: StartPaymentOptions,
): Promise<StartedPayment> {
  const price = priceOf(asked);
  const nowMs = now();
  const outcome = await payments.open(asked.reservationId, {
    amountMinor: price.amountMinor,
    currency: price.currency,
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
    description: price.description,
    createdAtMs: payment.createdAtMs,
    payBeforeMs: order.payBeforeMs,
  });
  await payments.markCreated(payment.id, created);
  return { kind: "started", order, payUrl: created.payUrl };
}

/** What an order costs, as it was agreed when the order was recorded. This is the one place that knows it. */
function priceOf({ productName, priceMinor, currency, quantity }: Order): Money & { readonly description: string } {
  return {
    amountMinor: priceMinor * quantity,
    currency,
    description: quantity === 1 ? productName : `${quantity} x ${productName}`,
  };
}
