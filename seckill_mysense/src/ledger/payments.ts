import type { Money, Payment, PaymentEvent, PaymentOutcome, Refund, RefundRecord } from "../domain/payment.ts";
import type { Order } from "../domain/order.ts";
import type { TransitionOutcome } from "./orders.ts";

export interface OpenPaymentOptions extends Money {
  readonly provider: string;
  readonly nowMs: number;
  /** When to ask the provider about the payment, if it has told nothing until then. */
  readonly askAtMs: number;
}

export type OpenPaymentOutcome =
  /** The payment that the buyer is to make: a new one, or the open one that there is. */
  | { readonly kind: "open"; readonly payment: Payment; readonly order: Order }
  /** The order is paid, or can no longer be. */
  | { readonly kind: "refused"; readonly order: Order }
  | { readonly kind: "not_found" };

export interface AskAgain {
  readonly leastMs: number;
  readonly mostMs: number;
  /** The same for payments that failed: most of them stay failed. */
  readonly mostFailedMs: number;
  /** Only payments through these; undefined for all. */
  readonly providers?: readonly string[];
  /** Most payments in one call. */
  readonly limit: number;
}

/** What belongs to providers that the settings do not name. */
export interface StrandedPayments {
  /** Payments that may still succeed. */
  readonly payments: number;
  /** Refunds that are to be made. */
  readonly refunds: number;
  readonly providers: readonly string[];
}

export interface RefundFigures {
  /** Refunds that the provider has not confirmed. */
  readonly waiting: number;
  /** Those among them whose last try failed. */
  readonly failing: number;
  /** Those among them that the provider cannot make: they wait for an operator. */
  readonly held: number;
  /** When the oldest of them was requested; undefined when none waits. */
  readonly oldestMs: number | undefined;
}

/** Payments through a provider, and the outbox of refunds. */
export interface LedgerPayments {
  /** Gives the payment of an unpaid order in time. There is at most one open payment of an order. */
  open(reservationId: string, options: OpenPaymentOptions): Promise<OpenPaymentOutcome>;
  /** Keeps what the provider said when the payment was created. */
  markCreated(paymentId: string, created: { readonly providerId: string; readonly payUrl: string }): Promise<void>;
  read(paymentId: string): Promise<Payment | undefined>;
  /**
   * Applies an event of the provider, once. A success pays the order if it still holds its unit, also after its last
   * moment. Otherwise the same transaction writes a refund. Events that arrive together share a transaction.
   */
  apply(event: PaymentEvent): Promise<PaymentOutcome>;
  /**
   * Open and failed payments that are due to be asked about. Each is due again after as long as it is old, within bounds:
   * so no other process asks at the same time, and an abandoned payment costs little.
   */
  takeUndecided(nowMs: number, options: AskAgain): Promise<Payment[]>;

  /** The provider is not asked about the payment any more. What it tells by itself still counts. */
  stopAsking(paymentId: string): Promise<void>;
  readStranded(providers: readonly string[]): Promise<StrandedPayments>;
  /**
   * Forgets events that came before this moment, and gives their number. Such an event that comes again changes nothing
   * either: the states of payments and refunds tell what was done. Ids of events only make that cheap and certain.
   */
  pruneEvents(beforeMs: number, limit: number): Promise<number>;

  /**
   * Calls a paid order off: its unit goes back to the stock, and its money to the payer. Refused for orders that are not
   * paid. The paid orders of a cancelled sale are called off by `releaseCancelled` of the orders.
   */
  callOff(reservationId: string): Promise<TransitionOutcome>;

  /**
   * Refunds that are due to be sent, oldest first, of these providers; undefined for all. Each is due again at
   * `tryAgainMs`, and has one try more. Those that wait for an operator are left out.
   */
  takeRefunds(nowMs: number, tryAgainMs: number, limit: number, providers?: readonly string[]): Promise<Refund[]>;
  /** The provider has paid the money back. */
  markRefunded(paymentId: string): Promise<void>;
  /**
   * The provider gave no answer, or refused: the next try is at `tryAtMs`. Held: the provider cannot make the refund, and
   * it waits for an operator.
   */
  markRefundFailed(
    paymentId: string,
    failure: { readonly error: string; readonly tryAtMs: number; readonly isHeld?: boolean },
  ): Promise<void>;
  /** Oldest first. */
  listRefunds(state: RefundRecord["state"], limit: number): Promise<RefundRecord[]>;
  readRefund(paymentId: string): Promise<RefundRecord | undefined>;
  /** Has a refund sent now; a held one by a further refund at the provider. False when none waits. */
  retryRefund(paymentId: string): Promise<boolean>;
  /** An operator paid the money back elsewhere. False when no refund waits, unless this very settlement is recorded. */
  settleRefund(paymentId: string, settlement: { readonly by: string; readonly note: string }): Promise<boolean>;
  readRefunds(): Promise<RefundFigures>;
}
