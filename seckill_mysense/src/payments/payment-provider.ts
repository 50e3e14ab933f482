import type { Money, Payment, PaymentEvent, Refund } from "../domain/payment.ts";

/** What a buyer is to pay. */
export interface PaymentRequest extends Money {
  /** Ours. Also the idempotency key: a request that is repeated creates no second payment. */
  readonly paymentId: string;
  readonly description: string;
  readonly createdAtMs: number;
  readonly payBeforeMs: number;
}

export interface CreatedPayment {
  readonly providerId: string;
  /** Where the buyer pays. */
  readonly payUrl: string;
}

/** A callback as it came. The signature is over these very bytes. */
export interface Callback {
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly nowMs: number;
}

export type CallbackReading =
  | { readonly kind: "event"; readonly event: PaymentEvent }
  /** A genuine callback that does not concern payments of this system. */
  | { readonly kind: "ignored" }
  /** The signature is missing or wrong. */
  | { readonly kind: "forged" }
  /** The signature is right, but its time is too far from now: somebody may be repeating what they have seen. */
  | { readonly kind: "too_old" }
  /** The signature is right, but the body says nothing that can be understood. */
  | { readonly kind: "malformed"; readonly why: string };

/** A provider of payments. Every call may be repeated after any failure. */
export interface PaymentProvider {
  readonly name: "simulator" | "stripe";
  /** @throws ProviderUnavailableError, ProviderRefusedError */
  create(request: PaymentRequest): Promise<CreatedPayment>;
  /**
   * What the provider knows about a payment, as an event; undefined while the buyer can still pay.
   * @throws ProviderUnavailableError, ProviderRefusedError
   */
  ask(payment: Payment): Promise<PaymentEvent | undefined>;
  /**
   * Ends a payment that the buyer can still make, so that no money can come any more.
   * @throws ProviderUnavailableError; ProviderRefusedError, also while the provider is about to decide it
   */
  end(payment: Payment): Promise<void>;
  /**
   * Pays money back, once for each payment. `pending`: the provider has taken the request, and is to be asked again.
   * @throws ProviderUnavailableError, ProviderRefusedError; RefundFailedError when the provider's refund has failed for
   * good, and no operator has asked for a further one (`refund.retries`)
   */
  refund(refund: Refund): Promise<"refunded" | "pending">;
  readCallback(callback: Callback): Promise<CallbackReading>;
}

/** The provider gave no answer, or said that it cannot work now. It is unknown whether it did what was asked. */
export class ProviderUnavailableError extends Error {
  override readonly name = "ProviderUnavailableError";
}

/** The provider refuses what was asked. */
export class ProviderRefusedError extends Error {
  override readonly name = "ProviderRefusedError";
}

/** A refund that the provider took has failed: the money did not reach the payer. An operator is to decide what follows. */
export class RefundFailedError extends Error {
  override readonly name = "RefundFailedError";
}
