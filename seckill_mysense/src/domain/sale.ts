/** A flash sale: one window of time in which its products are sold. Times are Unix milliseconds. */
export interface Sale {
  readonly id: string;
  readonly title: string;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

/** One product of one sale. The product id is unique in the whole system, because `/check` names only that. */
export interface SaleProduct {
  readonly id: string;
  readonly saleId: string;
  readonly name: string;
  /** Price in the currency's smallest unit (cents). */
  readonly priceMinor: number;
  readonly currency: string;
  /** All units for sale. */
  readonly total: number;
  /** Active units that one user may hold. */
  readonly limitPerUser: number;
  /** Generation of the gate's state: raised whenever the gate is rebuilt from the ledger. Starts at 1. */
  readonly epoch: number;
}

/**
 * How long after the end of its sale a product's gate is looked after: compared with the ledger, and rebuilt if it has
 * lost data. Units that come back still need it then, and so do buyers who ask about their reservations.
 */
export const repairedAfterEndMs = 24 * 60 * 60 * 1_000;
