import { BundlePlan, type BundlePlanState, type DecidedBundles } from "./bundle-plan.ts";
import type { BatchEntry } from "./batch-entry.ts";
import type { ProductTotals, RecordOutcome, RejectionReason, StockReturn } from "./order.ts";
import type { AcceptedReservation } from "./reservation.ts";
import type { SaleProduct } from "./sale.ts";
import { unitsOf } from "./units.ts";
import { isOffer, type Waiter } from "./waiter.ts";

/** One product as the plan needs it. */
export type PlannedProduct = ProductTotals &
  Pick<SaleProduct, "saleId" | "limitPerUser" | "epoch"> & { readonly cancelled?: boolean };

/** `epoch` is the latest in which the gate accepted the reservation, if its message said so. */
export interface KnownRejection {
  readonly reason: RejectionReason;
  readonly epoch: number | undefined;
}

/** The ledger's state of the reservations, buyers and products of one batch, read under the products' locks. */
export interface LedgerState extends BundlePlanState {
  readonly products: ReadonlyMap<string, PlannedProduct>;
  readonly rejected: ReadonlyMap<string, KnownRejection>;
  /** What a buyer's active orders of a product occupy, by `holderKey`. */
  readonly held: ReadonlyMap<string, Held>;
  /** Those for whom the offers among the reservations were made, by reservation id; those who left are left out. */
  readonly waiters?: ReadonlyMap<string, Pick<Waiter, "productId" | "userId">>;
}

/** The active orders of one buyer and product: the slot of each, and the units of all. */
export interface Held {
  readonly slots: ReadonlySet<number>;
  readonly units: number;
}

export interface PlannedOrder {
  readonly reservation: AcceptedReservation;
  readonly slot: number;
}

export interface PlannedRejection {
  readonly entry: BatchEntry & { readonly reservationId: string };
  readonly reason: RejectionReason;
}

/** The rows that the transaction will write, and the outcome of each entry of the batch. */
export interface BatchPlan {
  readonly outcomes: readonly RecordOutcome[];
  readonly orders: readonly PlannedOrder[];
  readonly rejections: readonly PlannedRejection[];
  /**
   * Units of reservations that were rejected before. The gate accepted them again in a newer epoch: the rejections stand,
   * and the newer units go back.
   */
  readonly repeatedRejections: readonly StockReturn[];
  readonly returns: readonly StockReturn[];
  /** Units to reserve, by product. */
  readonly reserved: ReadonlyMap<string, number>;
  /** The highest sequence among the orders, by product; 0 if no order carries one. */
  readonly sequences: ReadonlyMap<string, number>;
  readonly bundles: DecidedBundles;
}

/** Epochs start at 1, so a return with this epoch never adds a unit. */
export const epochWithoutUnit = 0;

export function holderKey(productId: string, userId: string): string {
  // No id contains a control character.
  return `${productId}\n${userId}`;
}

/** The lowest slot that none of a buyer's active orders of a product occupies. */
export function freeSlot(taken: ReadonlySet<number>): number {
  let slot = 1;
  while (taken.has(slot)) slot++;
  return slot;
}

/** Decides a batch in its order: the first reservation gets the unit. A pure function, without database and clock. */
export function planBatch(entries: readonly BatchEntry[], state: LedgerState): BatchPlan {
  const planner = new BatchPlanner(state);
  const outcomes = entries.map((entry) => planner.decide(entry));
  const { orders, rejections, repeatedRejections, returns, reserved, sequences, bundles } = planner;
  return { outcomes, orders, rejections, repeatedRejections, returns, reserved, sequences, bundles };
}

class BatchPlanner {
  readonly orders: PlannedOrder[] = [];
  readonly rejections: PlannedRejection[] = [];
  readonly repeatedRejections: StockReturn[] = [];
  readonly returns: StockReturn[] = [];
  readonly reserved = new Map<string, number>();
  readonly sequences = new Map<string, number>();
  readonly bundles: BundlePlan;
  readonly #state: LedgerState;
  /** Decisions for earlier entries of this batch. */
  readonly #ordered = new Set<string>();
  readonly #rejected = new Map<string, KnownRejection>();
  readonly #held = new Map<string, { readonly slots: Set<number>; units: number }>();

  constructor(state: LedgerState) {
    this.#state = state;
    this.bundles = new BundlePlan(state);
  }

  decide(entry: BatchEntry): RecordOutcome {
    const { reservationId } = entry;
    if (reservationId === undefined) return { kind: "rejected", reason: "malformed" };
    if (this.#state.ordered.has(reservationId) || this.#ordered.has(reservationId)) return { kind: "duplicate" };
    const earlier = this.#rejected.get(reservationId) ?? this.#state.rejected.get(reservationId);
    if (earlier !== undefined) return this.#rejectAgain({ ...entry, reservationId }, earlier);

    const { reservation } = entry;
    if (reservation === undefined) return this.#reject({ ...entry, reservationId }, entry.refusal ?? "malformed");
    const decision = this.#placeFor(reservation);
    if (typeof decision === "string") return this.#reject({ ...entry, reservationId }, decision);
    this.#order(reservation, decision);
    return { kind: "recorded" };
  }

  /** A free slot of the buyer, or the reason for refusing. */
  #placeFor(reservation: AcceptedReservation): number | RejectionReason {
    const { reservationId, saleId, productId, userId, epoch } = reservation;
    const product = this.#state.products.get(productId);
    if (product === undefined || product.saleId !== saleId) return "unknown_product";
    // Since the gate was rebuilt without this reservation, another buyer may have its unit.
    if (epoch < product.epoch) return "gate_lost";
    const taken = product.reserved + product.sold + (this.reserved.get(productId) ?? 0);
    // Checked before the limit per user: `limit_per_user` gives a unit back, and this unit does not exist.
    if (taken + unitsOf(reservation) > product.total) return "oversold";
    if (product.cancelled === true) return "sale_cancelled";
    if (isOffer(reservationId) && !this.#isWaitedFor(reservationId, productId, userId)) return "not_waiting";
    const refusal = this.bundles.refusalOf(reservation);
    if (refusal !== undefined) return refusal;
    const held = this.#heldBy(holderKey(productId, userId));
    if (held.units + unitsOf(reservation) > product.limitPerUser) return "limit_per_user";
    // Each order has at least one unit, so there are fewer orders than the limit, and a slot is free.
    return freeSlot(held.slots);
  }

  #isWaitedFor(reservationId: string, productId: string, userId: string): boolean {
    const waiter = this.#state.waiters?.get(reservationId);
    return waiter?.productId === productId && waiter.userId === userId;
  }

  #order(reservation: AcceptedReservation, slot: number): void {
    const { reservationId, productId, userId, sequence = 0 } = reservation;
    this.sequences.set(productId, Math.max(sequence, this.sequences.get(productId) ?? 0));
    this.orders.push({ reservation, slot });
    this.reserved.set(productId, (this.reserved.get(productId) ?? 0) + unitsOf(reservation));
    this.#ordered.add(reservationId);
    this.bundles.noteRecorded(reservation);
    const held = this.#heldBy(holderKey(productId, userId));
    held.slots.add(slot);
    held.units += unitsOf(reservation);
  }

  #reject(entry: PlannedRejection["entry"], reason: RejectionReason): RecordOutcome {
    this.rejections.push({ entry, reason });
    this.bundles.noteRejected(entry, reason);
    this.#rejected.set(entry.reservationId, { reason, epoch: entry.epoch });
    const stockReturn = this.#unitOf(entry, reason);
    if (stockReturn !== undefined) this.returns.push(stockReturn);
    return { kind: "rejected", reason };
  }

  /**
   * One reservation has one answer. But if its message of an older epoch was late, the rebuilt gate may have accepted it
   * once more, and that unit goes back.
   */
  #rejectAgain(entry: PlannedRejection["entry"], { reason, epoch }: KnownRejection): RecordOutcome {
    this.bundles.noteRejected(entry, reason);
    if (entry.epoch === undefined || epoch === undefined || entry.epoch <= epoch) return { kind: "rejected", reason };
    const stockReturn = this.#unitOf(entry, "gate_lost");
    if (stockReturn !== undefined) {
      this.repeatedRejections.push(stockReturn);
      this.#rejected.set(entry.reservationId, { reason, epoch: entry.epoch });
    }
    return { kind: "rejected", reason };
  }

  /**
   * The return of a rejected reservation: the gate gets the unit back, and the buyer may try again. The unit belongs to
   * the epoch in which it was accepted. A later epoch was armed with this unit included, so there is nothing to return.
   *
   * An `oversold` reservation has no unit: the gate had given away more units than exist, for example because it lost
   * its last writes. Giving such a unit back would sell it again and again. The return only frees the buyer.
   */
  #unitOf(entry: PlannedRejection["entry"], reason: RejectionReason): StockReturn | undefined {
    const { reservationId, saleId, productId, userId, epoch, quantity } = entry;
    if (saleId === undefined || productId === undefined || userId === undefined || epoch === undefined)
      return undefined;
    const product = this.#state.products.get(productId);
    if (product?.saleId !== saleId || epoch < product.epoch) return undefined;
    const unitEpoch = reason === "oversold" ? epochWithoutUnit : epoch;
    return { reservationId, saleId, productId, userId, epoch: unitEpoch, quantity };
  }

  #heldBy(key: string): { readonly slots: Set<number>; units: number } {
    const before = this.#state.held.get(key);
    const known = this.#held.get(key) ?? { slots: new Set(before?.slots), units: before?.units ?? 0 };
    this.#held.set(key, known);
    return known;
  }
}
