import type { PaymentOutcome } from "../domain/payment.ts";
import type { Logger } from "../logging/logger.ts";
import type { LedgerPayments } from "../ledger/payments.ts";
import type { Callback, CallbackReading, PaymentProvider } from "./payment-provider.ts";

/** What became of a callback: an outcome of its event, or the reason why it is none. */
export type CallbackOutcome = PaymentOutcome | Exclude<CallbackReading["kind"], "event">;

/**
 * Reads a callback and applies its event. It answers only after the ledger's commit, so a provider that gets no answer
 * sends it again, and the event's id makes that safe.
 * @throws LedgerUnavailableError
 */
export async function receiveCallback(
  callback: Callback,
  parts: {
    payments: Pick<LedgerPayments, "apply">;
    provider: Pick<PaymentProvider, "readCallback">;
    logger: Logger;
  },
): Promise<CallbackOutcome> {
  const { payments, provider, logger } = parts;
  const reading = await provider.readCallback(callback);
  if (reading.kind === "malformed") logger.warn("a payment callback cannot be read", { reason: reading.why });
  if (reading.kind !== "event") return reading.kind;
  const { event } = reading;
  const outcome = await payments.apply(event);
  if (outcome === "refund") logger.warn("a payment cannot be honoured", { paymentId: event.paymentId });
  if (outcome === "unknown_payment") logger.warn("a callback is of an unknown payment", { paymentId: event.paymentId });
  return outcome;
}
