import type { StockReturn } from "../domain/order.ts";

export interface PendingReturn extends StockReturn {
  /** Unix milliseconds. Long after the end of its sale the gate forgets a product, and no return is needed. */
  readonly saleEndsAtMs: number;
}

/** A return that the gate has answered, with how far the gate had come; undefined if it knows nothing of the product. */
export type AppliedReturn = Pick<StockReturn, "reservationId" | "productId" | "epoch"> & {
  readonly gate?: { readonly epoch: number; readonly sequence: number } | undefined;
};

/** The ledger's own outbox: released units that the gate must be notified of. */
export interface LedgerReturns {
  /** Returns that the gate has not answered yet, oldest first. Leaves out the products whose gate is closed just now. */
  pending(limit: number, exceptProducts?: readonly string[]): Promise<PendingReturn[]>;
  /**
   * Marks what the gate has answered. A return that has a later epoch by now is another one, and stays. So does one whose
   * product has begun another epoch since the answer: its gate may have forgotten the return, and is asked again.
   * Resolves with those products.
   */
  markReturned(returns: readonly AppliedReturn[]): Promise<ReadonlySet<string>>;
}
