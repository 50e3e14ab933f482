import type { Payment, PaymentEvent } from "../../../src/domain/payment.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { unique } from "./ledger-fixtures.ts";

export const price = { amountMinor: 9_900, currency: "EUR" };

/** The open payment of an order. Throws when there can be none. */
export async function openPayment(ledger: Ledger, reservationId: string, nowMs: number): Promise<Payment> {
  const outcome = await ledger.payments.open(reservationId, {
    ...price,
    provider: "simulator",
    nowMs,
    askAtMs: nowMs + 1_000,
  });
  if (outcome.kind !== "open") throw new Error(`a payment of ${reservationId} is ${outcome.kind}`);
  return outcome.payment;
}

export function eventOf(
  payment: Payment,
  kind: PaymentEvent["kind"],
  changes: Partial<PaymentEvent> = {},
): PaymentEvent {
  return { id: unique("event"), paymentId: payment.id, kind, money: price, ...changes };
}
