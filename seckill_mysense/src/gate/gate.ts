import type { AcceptedReservation, ReservationRequest, ReserveOutcome } from "../domain/reservation.ts";
import type { StockReturn } from "../domain/order.ts";
import type { Sale, SaleProduct } from "../domain/sale.ts";

/** The gate's counters for one product. */
export interface GateStatus {
  readonly epoch: number;
  readonly open: boolean;
  readonly available: number;
  /** Accepted reservations that the relay has not yet handed to the queue. */
  readonly outboxLength: number;
}

/** An outbox entry on its way to the queue. */
export interface OutboxEntry {
  readonly entryId: string;
  readonly reservation: AcceptedReservation;
}

/**
 * The quantity service: one atomic step per reservation, on any Redis-compatible server.
 * All state of one product lives in keys tagged `{saleId:productId}`, so that a product is one hash slot.
 */
export interface Gate {
  /**
   * Puts a product's stock in place, once per epoch. A second call for the same epoch changes nothing
   * (a restart in mid-sale must not sell the stock again). `available` is total - reserved - sold from the ledger.
   */
  arm(sale: Sale, product: SaleProduct, available: number): Promise<"armed" | "already_armed">;
  reserve(request: ReservationRequest): Promise<ReserveOutcome>;
  /** Puts one unit back: at most once per reservation, only in its epoch, never above the total. */
  giveBack(stockReturn: StockReturn): Promise<"returned" | "ignored">;
  /** Undefined when the gate knows nothing of the product. */
  status(saleId: string, productId: string): Promise<GateStatus | undefined>;
  /** Whether the gate has accepted this reservation: it is pending until the ledger has recorded it. */
  holds(request: ReservationRequest): Promise<boolean>;

  /** Up to `limit` entries never given to a relay before; waits up to `waitMs` for the first. */
  readOutbox(product: SaleProduct, relayName: string, limit: number, waitMs: number): Promise<OutboxEntry[]>;
  /** Takes over entries that another relay read at least `idleMs` ago and never acknowledged. */
  claimOutbox(product: SaleProduct, relayName: string, limit: number, idleMs: number): Promise<OutboxEntry[]>;
  /** Acknowledges and deletes: only after the queue's confirm. */
  acknowledgeOutbox(product: SaleProduct, entryIds: readonly string[]): Promise<void>;

  close(): Promise<void>;
}
