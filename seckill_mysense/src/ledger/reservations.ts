import type { DirectRequest } from "../domain/reserve-plan.ts";
import type { ReserveOutcome } from "../domain/reservation.ts";

/** A request, with how long the buyer has to pay. */
export interface DirectCall extends DirectRequest {
  readonly payWithinMs: number;
}

/** Reservations that the ledger itself decides, in a sale without a gate. */
export interface LedgerReservations {
  /**
   * Decides the request and records its order in one transaction, which it shares with others that arrive together. The
   * product is locked meanwhile, and the database's clock decides when the sale starts and ends. Repeating a call is
   * safe: a reservation that was accepted before is a `replay`.
   */
  reserve(call: DirectCall): Promise<ReserveOutcome>;
  figures(productId: string): Promise<OfferFigures>;
}

/** What a gate would know of a product besides its stock. */
export interface OfferFigures {
  /** The database's clock, Unix milliseconds. */
  readonly nowMs: number;
  /** Grows with each order that is released. */
  readonly returns: number;
}
