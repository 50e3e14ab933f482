import type { StockReturn } from "../domain/order.ts";

/** The ledger's own outbox: released units that the gate must be notified of. */
export interface LedgerReturns {
  /** Returns that the gate has not answered yet, oldest first. */
  pending(limit: number): Promise<StockReturn[]>;
  markReturned(reservationIds: readonly string[]): Promise<void>;
}
