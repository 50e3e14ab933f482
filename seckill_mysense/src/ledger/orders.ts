import type { Order, RecordOutcome, RejectionReason } from "../domain/order.ts";
import type { Refusal } from "../domain/batch-entry.ts";
import type { AcceptedReservation, UnreadableReservation } from "../domain/reservation.ts";

/** Most reservations in one call: bounds the time for which a product is locked. */
export const maxRecordBatch = 1_000;

export interface RecordOptions {
  /** How long an order may stay unpaid, in milliseconds. */
  readonly payWithinMs: number;
  /** How long a bundle may wait for its last part, in milliseconds. */
  readonly collectWithinMs?: number;
}

export type TransitionOutcome =
  | { readonly kind: "done"; readonly order: Order }
  /** The order is already in the state that was asked for: nothing changed. */
  | { readonly kind: "already"; readonly order: Order }
  | { readonly kind: "refused"; readonly order: Order }
  | { readonly kind: "not_found" };

/** The ledger's answer about one reservation: its order, or the reason why it was refused for good. Never both. */
export interface LedgerAnswer {
  readonly order?: Order;
  readonly rejection?: RejectionReason;
}

/** The orders, from the recorded reservation to the payment, and the reservations that were refused. */
export interface LedgerOrders {
  /**
   * One transaction for the whole batch (at most `maxRecordBatch`): locks the products, inserts the orders, and raises
   * each product's `reserved` by one guarded update that must hit its row. Outcomes have the order of the batch. Throws
   * only if nothing was committed or the outcome is unknown; the caller then repeats the same batch, and reservations
   * that had been committed are a `duplicate`. A rejected reservation has the same answer for ever.
   */
  record(batch: readonly AcceptedReservation[], options: RecordOptions): Promise<RecordOutcome[]>;
  /**
   * Rejects messages that name a reservation but cannot be recorded ("malformed"), or that an operator gave up
   * ("discarded"), so that the buyer gets an answer. A
   * reservation that is in the ledger already keeps its answer. The unit goes back when product, buyer and epoch are
   * known.
   */
  reject(batch: readonly UnreadableReservation[], refusal?: Refusal): Promise<RecordOutcome[]>;

  read(reservationId: string): Promise<Order | undefined>;
  /** The newest orders of a user, at most `limit`, the newest first. */
  readOfUser(userId: string, limit: number): Promise<Order[]>;
  /** Why a reservation was refused for good, if it was. */
  readRejection(reservationId: string): Promise<string | undefined>;
  /** Both answers about many reservations (at most `maxRecordBatch`), for those that are in the ledger. */
  readAnswers(reservationIds: readonly string[]): Promise<Map<string, LedgerAnswer>>;

  /** Refused when the order is no longer `reserved`, or `nowMs` is past its `payBeforeMs`. */
  pay(reservationId: string, nowMs: number): Promise<TransitionOutcome>;
  /** Gives up an unpaid order. */
  cancel(reservationId: string): Promise<TransitionOutcome>;
  /** Expires up to `limit` unpaid orders that were due before `nowMs`; returns how many. */
  expireUnpaid(nowMs: number, limit: number): Promise<number>;
  /**
   * Releases up to `limit` orders of cancelled sales: unpaid ones are cancelled, paid ones become `refund_due`. Returns how
   * many it found; another process may have released some of them first.
   */
  releaseCancelled(limit: number): Promise<number>;
}
