import type { Quantity } from "./units.ts";

/**
 * A buyer's request to the gate: some units of one product, all or none of them. The reservation id comes from the
 * buyer's token.
 */
export interface ReservationRequest extends Quantity {
  readonly reservationId: string;
  readonly saleId: string;
  readonly productId: string;
  readonly userId: string;
  /** The trace that the purchase belongs to, as W3C Trace Context writes it; undefined when nothing is traced. */
  readonly traceparent?: string | undefined;
}

/** A reservation that the gate has accepted. Outbox, queue and consumer carry it to the ledger. */
export interface AcceptedReservation extends ReservationRequest {
  readonly epoch: number;
  /** The time of acceptance by the gate's clock, Unix milliseconds. */
  readonly acceptedAtMs: number;
  /** The gate's sequence for the product at acceptance; undefined from a relay that does not know it. */
  readonly sequence?: number | undefined;
}

/** A reservation whose units its buyer holds. */
export type HeldReservation = Pick<ReservationRequest, "reservationId" | "quantity">;

/** Where the limit per user stands in the way: parts of bundles among what the user holds, if there are any. */
export interface HeldParts {
  readonly parts?: readonly string[];
}

/** The readable parts of a message that is not a valid reservation. */
export type UnreadableReservation = Pick<AcceptedReservation, "reservationId"> & {
  readonly [field in Exclude<keyof AcceptedReservation, "reservationId">]?: AcceptedReservation[field] | undefined;
};

/**
 * The gate's answer. Only `accepted` takes units; `replay` names the reservation that the buyer already holds, with its
 * units unless they have gone back.
 */
export type ReserveOutcome =
  | { readonly kind: "accepted"; readonly reservation: AcceptedReservation }
  | ({ readonly kind: "replay"; readonly reservationId: string } & Quantity & HeldParts)
  /** `left`: fewer than were asked for. */
  | { readonly kind: "sold_out"; readonly epoch: number; readonly left: number }
  /** The buyer holds some units already, and may have only so many more. */
  | ({ readonly kind: "over_limit"; readonly left: number } & HeldParts)
  | { readonly kind: "not_started"; readonly startsAtMs: number }
  | { readonly kind: "ended" }
  /** The merchant has paused the product or its sale. */
  | { readonly kind: "paused" }
  /** The gate has no state for this product, or is closed for repair: nothing may be sold. */
  | { readonly kind: "closed" };
