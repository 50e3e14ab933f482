/**
 * States of a payment. `open`: the buyer can still pay. `failed`: the provider gave it up, or never knew it; a success
 * that arrives later still counts. `succeeded`: it pays its order. `refund_pending`: the money came, but the order cannot
 * be honoured. `refunded`: the money went back.
 */
export type PaymentState = "open" | "failed" | "succeeded" | "refund_pending" | "refunded";

/** Why money goes back to its payer. */
export type RefundReason =
  | "order_expired"
  | "order_cancelled"
  | "second_payment"
  | "wrong_amount"
  /** The order was paid, and called off after that. */
  | "order_called_off"
  /** The provider, or somebody at its console, paid the money back unasked. */
  | "returned_by_provider";

/** Money in the currency's smallest unit. */
export interface Money {
  readonly amountMinor: number;
  readonly currency: string;
}

/** One try of a buyer to pay an order through a provider. */
export interface Payment extends Money {
  /** Ours, and the idempotency key of the payment at the provider. */
  readonly id: string;
  readonly reservationId: string;
  readonly provider: string;
  readonly state: PaymentState;
  readonly createdAtMs: number;
  /** The provider's id, once it has answered. */
  readonly providerId?: string;
  /** Where the buyer pays. */
  readonly payUrl?: string;
}

/** What a provider says about a payment, by a callback or when it is asked. */
export interface PaymentEvent {
  /** The provider's id of the event: an event that arrives again changes nothing. */
  readonly id: string;
  readonly paymentId: string;
  /** `refund_failed`: a refund, also one that was told to be done, did not reach the payer. */
  readonly kind: "succeeded" | "failed" | "refunded" | "refund_failed";
  /** What was paid. Only `succeeded` events need it. */
  readonly money?: Money;
  readonly providerId?: string;
  /** Who says it. An event of another provider than the payment's counts as one of an unknown payment. */
  readonly provider?: string;
}

/**
 * What an event changed. `paid`: its order is paid. `refund`: the money goes back. `failed` and `refunded`: the payment
 * is. `refund_reopened`: a refund is to be sent or judged again. `duplicate`: the event, or its result, was known. `late`: it says what a later event has overtaken.
 */
export type PaymentOutcome =
  | "paid"
  | "refund"
  | "failed"
  | "refunded"
  | "refund_reopened"
  | "duplicate"
  | "late"
  | "unknown_payment";

/** Money that is to go back: one entry of the ledger's outbox of refunds. */
export interface Refund extends Money {
  readonly paymentId: string;
  readonly provider: string;
  readonly providerId: string | undefined;
  readonly reason: RefundReason;
  /** Tries to send it so far. */
  readonly tries: number;
  /** How many failed refunds at the provider may be followed by a further one: an operator has asked for that. */
  readonly retries: number;
  readonly requestedAtMs: number;
}

/** A refund as operators see it. */
export interface RefundRecord extends Refund {
  readonly reservationId: string;
  readonly state: "waiting" | "held" | "done";
  readonly tryAtMs: number;
  readonly lastError: string | undefined;
  /** Since when it waits for an operator, because the provider cannot make it. */
  readonly heldAtMs: number | undefined;
  readonly refundedAtMs: number | undefined;
  /** Who paid the money back elsewhere, and how. */
  readonly settledBy: string | undefined;
  readonly settledNote: string | undefined;
}
