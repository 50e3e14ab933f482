import type { StockReturn } from "../domain/order.ts";
import type { AcceptedReservation, ReservationRequest, ReserveOutcome } from "../domain/reservation.ts";
import type { ProductRecord, Sale, SaleProduct, SaleRecord } from "../domain/sale.ts";
import type { GateRepair } from "./gate-repair.ts";
import type { GateProduct } from "./product-keys.ts";

/** The gate's counters for one product, read at one moment. */
export interface GateStatus {
  readonly epoch: number;
  /** False while the gate is shut for repair. Start and end of the sale do not matter here. */
  readonly open: boolean;
  readonly available: number;
  readonly total: number;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  /** Grows by one with each accepted reservation and each return, and never goes down while the gate keeps its data. */
  readonly sequence: number;
  /**
   * Whether this run of this server may sell. False after a restart, or on a promoted replica: the state may then be an
   * older one, and must be compared with the ledger.
   */
  readonly verified: boolean;
  /** How long the lease of a running repair lasts, in milliseconds; 0 without one. */
  readonly repairLeaseMs: number;
  /** The server's clock, Unix milliseconds: it decides when a sale starts and ends. */
  readonly nowMs: number;
  /** Accepted reservations that the relay has not yet handed to the queue. */
  readonly outboxLength: number;
  /** Users with at least one reservation. Undefined where the ledger decides: it would have to read all orders. */
  readonly holders?: number;
  /** Grows with each reservation whose unit the ledger has released, in any epoch. */
  readonly returns: number;
  /** The ledger's revision of the product that took effect last; 0 when none has. */
  readonly version: number;
  readonly paused: boolean;
  /** Whether only offers to those who wait take a unit; all others are told that the product is sold out. */
  readonly waiting: boolean;
}

/** Whether the gate serves the product: neither shut for repair nor still to be compared after a restart of its server. */
export function isServed(status: GateStatus | undefined): status is GateStatus {
  return status?.open === true && status.verified;
}

/** Whether the gate serves the product in the ledger's epoch, and so sells it while the sale is open. */
export function sellsIn(status: GateStatus | undefined, epoch: number): status is GateStatus {
  return isServed(status) && status.epoch === epoch;
}

/** What the caller knows of the gate's latest state. An older state answers `closed`. */
export interface ReserveOptions {
  /** The epoch in the ledger. */
  readonly minEpoch?: number;
  /** The highest sequence that the caller has seen in this epoch. */
  readonly minSequence?: number;
}

/** How far a product's gate has come: sequences can be compared within one epoch. */
export interface GateMark {
  readonly epoch: number;
  readonly sequence: number;
}

export type GiveBackOutcome =
  | ({ readonly kind: "returned" } & GateMark)
  /** There is nothing to return: it was returned before, or the epoch is over. */
  | ({ readonly kind: "ignored" } & GateMark)
  /** The product is closed, to be compared or rebuilt: the return is to be repeated later. */
  | { readonly kind: "closed" }
  /** The gate knows nothing of the product. */
  | { readonly kind: "unknown" };

export type AmendOutcome =
  | { readonly kind: "amended" }
  /** This version, or a newer one, took effect before. */
  | { readonly kind: "already" }
  /** The gate knows nothing of the product. */
  | { readonly kind: "unknown" }
  | { readonly kind: "other_epoch"; readonly epoch: number }
  /** The product is closed, to be compared or rebuilt: it is then opened with the ledger's figures. */
  | { readonly kind: "closed" }
  /** Fewer units are left than are to be taken out: the total has not changed. What else is new takes effect. */
  | { readonly kind: "not_available"; readonly available: number };

/** An outbox entry on its way to the queue. */
export interface OutboxEntry {
  readonly entryId: string;
  readonly reservation: AcceptedReservation;
}

/**
 * The stock for sale: one atomic step per reservation, on any Redis-compatible server.
 * All state of one product lives in keys tagged `{saleId:productId}`, so that a product is one hash slot.
 *
 * Every call may reject with one of the errors of gate-errors.ts: `GateUnavailable` (certainly nothing happened),
 * `GateOutcomeUnknown` (repeat the same call; each of them is safe to repeat), `GateRequestInvalid`.
 */
export interface Gate {
  /**
   * Puts the stock of a product in place that the gate does not know. A second call for the same epoch changes nothing
   * (a restart in mid-sale must not sell the stock again). `available` is total - reserved - sold from the ledger.
   * Rejects with `GateArmRefused` if the gate knows the product in another epoch: only a repair changes the epoch.
   * What the ledger's records say besides, pause and revision, takes effect too.
   */
  arm(
    sale: Sale | SaleRecord,
    product: SaleProduct | ProductRecord,
    available: number,
  ): Promise<"armed" | "already_armed">;
  /**
   * Brings an armed product to the ledger's records: times, limit, pause, waiting list and total, or the lower total that the ledger
   * asks for. Each revision takes effect at most once, in the product's epoch.
   */
  amend(sale: SaleRecord, product: ProductRecord): Promise<AmendOutcome>;
  /**
   * A reservation id that was accepted once is answered `replay` for ever, even after the end of the sale and after its
   * unit went back: buying again needs a new reservation id.
   */
  reserve(request: ReservationRequest, options?: ReserveOptions): Promise<ReserveOutcome>;
  /**
   * Puts one unit back: at most once per reservation, only in its epoch, never above the total.
   * The epoch of a return is the product's at the moment of release, not the one in which the order was accepted.
   * If it is returned or ignored, the user no longer holds the reservation and may buy again.
   */
  giveBack(stockReturn: StockReturn): Promise<GiveBackOutcome>;
  /** Undefined when the gate knows nothing of the product. */
  status(saleId: string, productId: string): Promise<GateStatus | undefined>;
  /** Whether the gate has accepted this reservation: it is pending until the ledger has recorded it. */
  holds(request: ReservationRequest): Promise<boolean>;

  /** Up to `limit` entries that no relay has read yet, oldest first. Does not wait: empty when there are no entries. */
  readOutbox(product: GateProduct, relayName: string, limit: number): Promise<OutboxEntry[]>;
  /** Takes over entries that any relay read at least `idleMs` ago and did not acknowledge. */
  claimOutbox(product: GateProduct, relayName: string, limit: number, idleMs: number): Promise<OutboxEntry[]>;
  /** Acknowledges and deletes entries. To be called only after the queue's confirm. */
  acknowledgeOutbox(product: GateProduct, entryIds: readonly string[]): Promise<void>;
  /** Forgets the names of relays that hold no entry and have been silent for `idleMs`. */
  forgetRelays(product: GateProduct, idleMs: number): Promise<void>;

  readonly repair: GateRepair;

  close(): Promise<void>;
}
