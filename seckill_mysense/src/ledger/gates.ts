import type { HeldReservation } from "../domain/reservation.ts";
import type { ProductRecord, SaleProduct, SaleRecord } from "../domain/sale.ts";

/** What the ledger knows of one product's gate. */
export interface GateRecord {
  readonly sale: SaleRecord;
  readonly product: ProductRecord;
  /** The latest epoch for which the gate was, or was about to be, armed; 0 before the first. */
  readonly armedEpoch: number;
  /** The highest sequence of the gate that has reached the ledger. A gate below it has lost data. */
  readonly sequence: number;
  /** Units of active orders, paid or not. */
  readonly taken: number;
  /** Units of the product's epoch that are released and wait to be returned to the gate. */
  readonly pendingReturns: number;
}

/** The content of a gate, from one snapshot of the ledger. */
export interface GateContent {
  readonly record: GateRecord;
  /** User id to the user's active orders. */
  readonly holders: ReadonlyMap<string, readonly HeldReservation[]>;
  /** Reservations that are decided and hold nothing: released orders and rejections. */
  readonly decided: readonly string[];
}

export interface RepairStart {
  readonly productId: string;
  readonly reason: string;
  /** The process that repairs. */
  readonly startedBy: string;
  readonly fromEpoch: number;
}

/** The ledger's side of the gates: to find one that lost data, and to rebuild it. */
export interface LedgerGates {
  /** Products whose id is above `afterProductId`, in the order of ids, of sales that ended at `endedAfterMs` or later. */
  slice(afterProductId: string, limit: number, endedAfterMs: number): Promise<GateRecord[]>;
  /** The same, of the products that were never armed and are to be sold: drafts and cancelled sales are left out. */
  unarmed(afterProductId: string, limit: number, endedAfterMs: number): Promise<GateRecord[]>;
  /** The figures of each record are of one moment. Unknown products are left out. */
  read(productIds: readonly string[]): Promise<GateRecord[]>;
  /**
   * Writes down that the gates are about to be armed for this epoch, before they are. Gives the ids of the products for
   * which it is written down now: those that are in the epoch, and were not armed for it by anybody else.
   */
  noteArmed(productIds: readonly string[], epoch: number): Promise<Set<string>>;
  /**
   * Begins a new epoch, provided that the product is still in `fromEpoch`: of several that try, one succeeds. From then
   * on the ledger refuses what the gate accepted in older epochs and the ledger does not have yet. Units that are
   * released from then on carry the new epoch. `toEpoch` is one more if it is not given.
   */
  raiseEpoch(productId: string, fromEpoch: number, toEpoch?: number): Promise<boolean>;
  /**
   * The same for gates that were found complete: begins the next epoch of each product that is still in the given one, and
   * writes down that its gate is about to be armed for it. Gives the ids of those products.
   */
  beginEpochs(products: readonly Pick<SaleProduct, "id" | "epoch">[]): Promise<Set<string>>;
  /** Everything that a rebuilt gate must know. Undefined for an unknown product. */
  content(productId: string): Promise<GateContent | undefined>;
  /** The id of the repair's row. */
  startRepair(start: RepairStart): Promise<number>;
  endRepair(id: number, end: { readonly toEpoch: number; readonly units: number }): Promise<void>;
  /** The gates of these products, after a loss of data or a restart of their server, agree with the ledger now. */
  noteCompared(productIds: readonly string[]): Promise<void>;
  /** When that was last so, Unix milliseconds. Undefined for a gate whose server never lost data or restarted. */
  comparedAtMs(productId: string): Promise<number | undefined>;
}
