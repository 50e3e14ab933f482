import type { Order, ProductTotals, RecordOutcome, RejectionReason, StockReturn } from "../domain/order.ts";
import type { AcceptedReservation } from "../domain/reservation.ts";
import type { Sale, SaleProduct } from "../domain/sale.ts";
import type { User } from "../domain/user.ts";
import type { LedgerAudit } from "./ledger-audit.ts";

export type TransitionOutcome =
  | { readonly kind: "done"; readonly order: Order }
  /** The order is already in the state that was asked for: nothing changed. */
  | { readonly kind: "already"; readonly order: Order }
  | { readonly kind: "refused"; readonly order: Order }
  | { readonly kind: "not_found" };

/**
 * The book of orders: the only truth. One implementation for MySQL and SQLite, one contract suite over both.
 * Every method throws `LedgerUnavailableError` when the database cannot be reached, or stays contended, for longer
 * than the ledger retries; repeating the call is then always safe.
 */
export interface Ledger {
  /** Brings the schema up to date; safe to call from several processes at once. */
  migrate(): Promise<void>;

  /**
   * Adds the sale and its products; an identical sale that exists already is left as it is. Throws `InvalidSaleError`
   * for content that no sale can have, `SaleConflictError` for one that differs from the sale of this id. The epoch is
   * the ledger's own after the start, and is not compared.
   */
  createSale(sale: Sale, products: readonly SaleProduct[]): Promise<void>;
  listSales(): Promise<Sale[]>;
  readSale(saleId: string): Promise<{ sale: Sale; products: SaleProduct[] } | undefined>;
  /** The product and its sale, by product id alone. */
  readProduct(productId: string): Promise<{ sale: Sale; product: SaleProduct } | undefined>;
  readTotals(productId: string): Promise<ProductTotals | undefined>;

  /** "taken" when the name exists (names compare without case). Throws `InvalidUserError`. */
  createUser(user: User): Promise<"created" | "taken">;
  findUserByName(name: string): Promise<User | undefined>;

  /**
   * One transaction for the whole batch (at most `maxRecordBatch`): products locked, orders inserted, then one guarded
   * update per product that must hit its row. Outcomes stand in the order of the batch. Throws only when nothing was
   * committed or the outcome is unknown: then the caller repeats the same batch, and what had been committed is a
   * `duplicate`. A rejected reservation has the same answer for ever.
   */
  record(batch: readonly AcceptedReservation[], options: { readonly payWithinMs: number }): Promise<RecordOutcome[]>;
  readOrder(reservationId: string): Promise<Order | undefined>;
  /** Why a reservation was refused for good, if it was. */
  readRejection(reservationId: string): Promise<string | undefined>;

  /** Refused when the order is no longer `reserved`, or `nowMs` is past its `payBeforeMs`. */
  pay(reservationId: string, nowMs: number): Promise<TransitionOutcome>;
  /** Gives up an unpaid order. */
  cancel(reservationId: string): Promise<TransitionOutcome>;
  /** Expires up to `limit` unpaid orders whose time is over; returns how many. */
  expireUnpaid(nowMs: number, limit: number): Promise<number>;

  /** Stock returns not yet applied to the gate, oldest first. */
  pendingReturns(limit: number): Promise<StockReturn[]>;
  markReturned(reservationIds: readonly string[]): Promise<void>;

  close(): Promise<void>;
}

/** What could be read of a message that is no proper reservation. */
export type UnreadableReservation = Pick<AcceptedReservation, "reservationId"> & {
  readonly [field in Exclude<keyof AcceptedReservation, "reservationId">]?: AcceptedReservation[field] | undefined;
};

export interface RejectionBook {
  /**
   * Rejects messages that name a reservation but cannot be recorded ("malformed"), so that its buyer can be told. A
   * reservation that is in the ledger already keeps its answer. The unit goes back when product, buyer and epoch are
   * known.
   */
  reject(batch: readonly UnreadableReservation[]): Promise<RecordOutcome[]>;
  /** Both answers about many reservations (at most `maxRecordBatch`), for those that are in the ledger. */
  readAnswers(reservationIds: readonly string[]): Promise<Map<string, LedgerAnswer>>;
}

/** What the ledger says of one reservation: its order, or why it was refused for good. Never both. */
export interface LedgerAnswer {
  readonly order?: Order;
  readonly rejection?: RejectionReason;
}

export interface EpochBook {
  /**
   * The first step of rebuilding a product's gate: raises the epoch, provided that it is still `fromEpoch`, and gives
   * the totals of that very moment to arm the gate with. Units released before carry an older epoch, and the gate
   * ignores them; units released after carry the new one. Undefined when the epoch was another, or without such product.
   */
  raiseEpoch(
    productId: string,
    fromEpoch: number,
  ): Promise<{ product: SaleProduct; totals: ProductTotals } | undefined>;
}

/** What the two implementations offer. */
export interface FullLedger extends Ledger, RejectionBook, EpochBook {
  readonly audit: LedgerAudit;
}
