import type { Quantity } from "./units.ts";

/**
 * States of an order. Orders that are `reserved` or `paid` count against the stock, the others do not. `refund_due`: the
 * sale was cancelled after the payment, and the money is still to go back. `refunded`: it is back.
 */
export type OrderState = "reserved" | "paid" | "cancelled" | "expired" | "refund_due" | "refunded";

/** States in which an order holds its unit: it counts against the stock and against its buyer's limit. */
export const activeStates = ["reserved", "paid"] as const satisfies readonly OrderState[];

/** States in which the unit has gone back to the stock. No order leaves them for an active state. */
export const releasedStates = [
  "cancelled",
  "expired",
  "refund_due",
  "refunded",
] as const satisfies readonly OrderState[];

/** One row of the book of orders. */
export interface Order {
  readonly reservationId: string;
  readonly saleId: string;
  readonly productId: string;
  readonly userId: string;
  readonly state: OrderState;
  readonly epoch: number;
  readonly acceptedAtMs: number;
  readonly recordedAtMs: number;
  /** Unpaid orders expire after this moment, Unix milliseconds. */
  readonly payBeforeMs: number;
  /** What was agreed: name, price and number of units when the order was recorded. */
  readonly productName: string;
  readonly priceMinor: number;
  readonly currency: string;
  readonly quantity: number;
  /** The bundle that the order is a part of. Until that is complete, the order is not won and cannot be paid. */
  readonly bundleId?: string;
  /** When the order was paid, cancelled (by its buyer or with its sale), expired or refunded, as far as it was. */
  readonly paidAtMs: number | undefined;
  readonly cancelledAtMs: number | undefined;
  readonly expiredAtMs: number | undefined;
  readonly refundedAtMs: number | undefined;
}

/**
 * Why the ledger refused a reservation for good. `gate_lost`: the gate accepted it in an epoch that is over. The gate has
 * been rebuilt without it since, and its unit is on sale again. `discarded`: an operator gave its message up.
 * `not_waiting`: it was an offer, and the waiter had left the list. `bundle_broken`: it was a part of a bundle that cannot
 * be had as a whole.
 */
export type RejectionReason =
  | "oversold"
  | "limit_per_user"
  | "sale_cancelled"
  | "unknown_product"
  | "malformed"
  | "gate_lost"
  | "discarded"
  | "not_waiting"
  | "bundle_broken";

/** The outcome of one queue message. `duplicate`: this reservation id was recorded before, nothing changed. */
export type RecordOutcome =
  | { readonly kind: "recorded" }
  | { readonly kind: "duplicate" }
  | { readonly kind: "rejected"; readonly reason: RejectionReason };

/** The ledger's totals for one product. At any time reserved + sold <= total. */
export interface ProductTotals {
  readonly total: number;
  readonly reserved: number;
  readonly sold: number;
}

/** Units that go back to the gate, written in the transaction that released them. */
export interface StockReturn extends Quantity {
  readonly reservationId: string;
  readonly saleId: string;
  readonly productId: string;
  readonly userId: string;
  readonly epoch: number;
}
