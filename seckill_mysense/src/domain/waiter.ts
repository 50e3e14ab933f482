/**
 * States of somebody who asked to wait for a product. Only `waiting` counts in the order; the others are final until the
 * same user joins again, at the end.
 * - `offered`: a unit is reserved for the waiter, and the order says what became of it;
 * - `left`: the waiter gave the place up;
 * - `limit_reached`: the waiter holds as many units as one user may hold;
 * - `ended`: the sale ended, or was cancelled, before the waiter's turn; in a ballot, its window ended.
 */
export type WaiterState = "waiting" | "offered" | "left" | "limit_reached" | "ended";

export interface Waiter {
  readonly saleId: string;
  readonly productId: string;
  readonly userId: string;
  readonly state: WaiterState;
  /** Grows with each one who joins the product's list, and is never given twice. A lower place comes first. */
  readonly place: number;
  /** The reservation with which a unit is, or will be, offered. */
  readonly reservationId: string;
  /** How long the offer may stay unpaid, in milliseconds. */
  readonly windowMs: number;
  readonly joinedAtMs: number;
}

/** Gate, outbox, queue and ledger know an offer by its id, and so need no further field. */
const offerPrefix = "offer-";

/**
 * Whether a reservation is made for a waiter. The gate lets such reservations through while others wait, and the ledger
 * records them only for a waiter whose turn it is: so nobody gains by inventing one.
 */
export function isOffer(reservationId: string): boolean {
  return reservationId.startsWith(offerPrefix);
}

/** `unique`: a text that no other offer has, at most 58 characters. */
export function offerId(unique: string): string {
  return offerPrefix + unique;
}
