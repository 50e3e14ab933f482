import type { SaleChange } from "../domain/sale-change.ts";
import type { Lowering, ProductRecord, Sale, SaleContent, SaleProduct, SaleRecord } from "../domain/sale.ts";

/** All that changed after a revision that the reader knew. */
export interface ChangedSales {
  /** The revision that the reader knows from now on. */
  readonly revision: number;
  /**
   * These are all sales and products, and what the reader knows besides is gone: the reader knew nothing, or the ledger is
   * older than what the reader knew, because it was put back to a copy.
   */
  readonly isWhole: boolean;
  readonly sales: readonly SaleRecord[];
  /** With the products of changed sales, since the gate keeps the times of a sale with each product. */
  readonly products: readonly ProductRecord[];
}

/** Who asks for a change, and for which one. */
interface Asker {
  /** Who asks, for the log of changes. */
  readonly actor: string;
  /**
   * The id of this change. A repeated change of the same id counts once; another change of this id is refused. Without it
   * each call is a change of its own.
   */
  readonly changeId?: string | undefined;
}

export interface CreateOptions extends Asker {
  readonly state: "draft" | "published";
}

export interface ChangeOptions extends Asker {
  /** The change is refused when the sale has another version. */
  readonly expectedVersion?: number | undefined;
}

/** A sale after a change. */
export interface ChangedSale extends SaleContent {
  /** The lower totals that the change has asked for, by bucket. The gate may have answered them since. */
  readonly lowerings: ReadonlyMap<string, Lowering>;
}

/** The lowering that a gate has answered, and the epoch in which it did. */
export interface SettledLowering {
  readonly productId: string;
  readonly epoch: number;
  readonly since: number;
}

/** Units that go from one bucket of a product to another. */
export interface UnitMove {
  readonly from: string;
  readonly to: string;
  readonly units: number;
}

/** The units could not be taken out of the sale: buyers have them. */
export class UnitsGoneError extends Error {
  override readonly name = "UnitsGoneError";
}

/** An entry of the log of changes. */
export interface LoggedChange {
  readonly saleId: string;
  /** Undefined when the sale itself changed. */
  readonly productId: string | undefined;
  readonly version: number;
  readonly action: string;
  readonly actor: string;
  readonly atMs: number;
  /** The fields that changed; undefined for what is new. */
  readonly before: Readonly<Record<string, unknown>> | undefined;
  readonly after: Readonly<Record<string, unknown>>;
}

/** Sales that change while they run. Every change has a version, is logged, and raises the ledger's revision. */
export interface LedgerChanges {
  /**
   * What changed after `revision`; everything for -1, and for a revision that the ledger does not have yet. Costs one
   * small read when nothing changed. Sales that ended before `endedAfterMs` are left out.
   */
  since(revision: number, options: { readonly endedAfterMs: number }): Promise<ChangedSales>;
  /** All sales, those that start first first. */
  list(): Promise<SaleRecord[]>;
  read(saleId: string): Promise<SaleContent | undefined>;
  /**
   * Adds a sale. Throws `InvalidSaleError`; `SaleConflictError` if a sale or product of these ids exists, or if the id of
   * the change stands for another one.
   */
  create(sale: Sale, products: readonly SaleProduct[], options: CreateOptions): Promise<SaleContent>;
  /**
   * Changes a sale; a change that alters nothing keeps the version, and is logged only if it has an id. Fewer units are only asked for: see `settleLowering`.
   * Throws `InvalidSaleError`; `SaleConflictError` if the sale has not the expected version, or if the id stands for
   * another change; for a repeated change `UnitsGoneError` if the gate has refused it meanwhile. Undefined when there is no
   * such sale.
   */
  change(saleId: string, change: SaleChange, options: ChangeOptions): Promise<ChangedSale | undefined>;
  /** The buckets whose lowering, told by its `since`, the gate has refused. */
  refused(saleId: string, lowerings: ReadonlyMap<string, Lowering>): Promise<string[]>;
  /**
   * Ends a lowering that the gate has carried out (`applied`) or cannot carry out (`refused`). `unknown`: the gate knows
   * nothing of the product. This ends the lowering only if no gate can sell by the higher total: the product was never
   * armed, or its sale ended so long ago that gates forget it. Changes nothing when the lowering, told by its `since`, has
   * been settled before, or when the product is in another epoch by now: its gate is then opened with the ledger's total,
   * and has the lowering before it again. Resolves with the product of now, and with the bucket that got its units.
   */
  settleLowering(
    lowering: SettledLowering,
    outcome: "applied" | "refused" | "unknown",
  ): Promise<
    { readonly sale: SaleRecord; readonly product: ProductRecord; readonly receiver?: ProductRecord } | undefined
  >;
  /**
   * Asks for units to go to another bucket: a lowering of the first bucket, which raises the other one when it is
   * settled. Resolves with the first bucket; undefined if it does not have so many units that are not taken, or if one
   * of the two is in another move.
   */
  askForMove(move: UnitMove): Promise<{ readonly sale: SaleRecord; readonly product: ProductRecord } | undefined>;
  /** All buckets of the product of a bucket, this one among them; one for a product that is not split. */
  buckets(bucketId: string): Promise<ProductRecord[]>;
  /** The newest entries of the log first. */
  history(saleId: string, limit: number): Promise<LoggedChange[]>;
}
