import type { Order, ProductTotals, RecordOutcome, StockReturn } from "../domain/order.ts";
import type { AcceptedReservation } from "../domain/reservation.ts";
import type { Sale, SaleProduct } from "../domain/sale.ts";
import type { User } from "../domain/user.ts";

export type TransitionOutcome =
  | { readonly kind: "done"; readonly order: Order }
  /** The order is already in the state that was asked for: nothing changed. */
  | { readonly kind: "already"; readonly order: Order }
  | { readonly kind: "refused"; readonly order: Order }
  | { readonly kind: "not_found" };

/** The book of orders: the only truth. One implementation for MySQL and SQLite, one contract suite over both. */
export interface Ledger {
  /** Brings the schema up to date; safe to call from several processes at once. */
  migrate(): Promise<void>;

  /** Adds the sale and its products; an identical sale that exists already is left as it is. */
  createSale(sale: Sale, products: readonly SaleProduct[]): Promise<void>;
  listSales(): Promise<Sale[]>;
  readSale(saleId: string): Promise<{ sale: Sale; products: SaleProduct[] } | undefined>;
  /** The product and its sale, by product id alone. */
  readProduct(productId: string): Promise<{ sale: Sale; product: SaleProduct } | undefined>;
  readTotals(productId: string): Promise<ProductTotals | undefined>;

  /** Fails with "taken" when the name exists (names compare without case). */
  createUser(user: User): Promise<"created" | "taken">;
  findUserByName(name: string): Promise<User | undefined>;

  /**
   * One transaction for the whole batch: orders inserted, then one guarded update per product that must hit its row.
   * Outcomes stand in the order of the batch. Throws only when nothing was committed or the outcome is unknown:
   * then the caller repeats the same batch.
   */
  record(batch: readonly AcceptedReservation[], options: { readonly payWithinMs: number }): Promise<RecordOutcome[]>;
  readOrder(reservationId: string): Promise<Order | undefined>;
  /** Why a reservation was refused for good, if it was. */
  readRejection(reservationId: string): Promise<string | undefined>;

  pay(reservationId: string, nowMs: number): Promise<TransitionOutcome>;
  cancel(reservationId: string): Promise<TransitionOutcome>;
  /** Expires up to `limit` unpaid orders whose time is over; returns how many. */
  expireUnpaid(nowMs: number, limit: number): Promise<number>;

  /** Stock returns not yet applied to the gate, oldest first. */
  pendingReturns(limit: number): Promise<StockReturn[]>;
  markReturned(reservationIds: readonly string[]): Promise<void>;

  close(): Promise<void>;
}
