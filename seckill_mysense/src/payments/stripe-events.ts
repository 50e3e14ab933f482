import type { Stripe } from "stripe";
import type { PaymentEvent } from "../domain/payment.ts";
import type { CallbackReading } from "./payment-provider.ts";

/** An event of Stripe as one of ours. Other kinds of events, and payments that other systems made, are ignored. */
export function readStripeEvent(event: Stripe.Event): CallbackReading {
  switch (event.type) {
    case "checkout.session.completed":
    case "checkout.session.async_payment_succeeded":
      return succeeded(event.id, event.data.object);
    case "checkout.session.async_payment_failed":
    case "checkout.session.expired":
      return ofPayment(event.id, "failed", event.data.object.metadata?.["payment"]);
    case "charge.refunded":
      // A part of the money is a matter between the merchant and the buyer: the unit stays sold.
      return event.data.object.refunded
        ? ofPayment(event.id, "refunded", event.data.object.metadata["payment"])
        : { kind: "ignored" };
    // The refunds that this system made carry the payment's id. All others show in the charge.
    case "refund.failed":
    case "refund.updated":
      return ofRefund(event.id, event.data.object);
    default:
      return { kind: "ignored" };
  }
}

/** Some ways to pay take days: such a session is completed first, and paid later. */
function succeeded(id: string, session: Stripe.Checkout.Session): CallbackReading {
  const { metadata, payment_status, amount_total, currency } = session;
  const reading = ofPayment(id, "succeeded", metadata?.["payment"]);
  if (reading.kind !== "event" || payment_status === "unpaid") return { kind: "ignored" };
  if (amount_total === null || currency === null) return { kind: "malformed", why: "the session has no amount" };
  const money = { amountMinor: amount_total, currency: currency.toUpperCase() };
  return { kind: "event", event: { ...reading.event, money, providerId: session.id } };
}

function ofRefund(id: string, { status, metadata }: Stripe.Refund): CallbackReading {
  if (status === "succeeded") return ofPayment(id, "refunded", metadata?.["payment"]);
  const hasFailed = status === "failed" || status === "canceled";
  return hasFailed ? ofPayment(id, "refund_failed", metadata?.["payment"]) : { kind: "ignored" };
}

function ofPayment(id: string, kind: PaymentEvent["kind"], paymentId: string | undefined): CallbackReading {
  return paymentId === undefined ? { kind: "ignored" } : { kind: "event", event: { id, paymentId, kind } };
}
