import { heldParts } from "./bundle.ts";
import { BundlePlan, type BundlePlanState, type DecidedBundles } from "./bundle-plan.ts";
import { freeSlot, holderKey, type PlannedOrder } from "./batch-plan.ts";
import type { AcceptedReservation, HeldReservation, ReservationRequest, ReserveOutcome } from "./reservation.ts";
import { sumOfUnits, unitsOf } from "./units.ts";
import { isOffer } from "./waiter.ts";

/** A request that the ledger itself decides. */
export interface DirectRequest extends ReservationRequest {
  /** The oldest epoch that the caller accepts. */
  readonly minEpoch: number;
}

/** A product as the plan needs it, read under its lock. */
export interface OfferedProduct {
  readonly saleId: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly limitPerUser: number;
  /** Units that can be sold now. */
  readonly available: number;
  readonly paused: boolean;
  /** Whether only offers to those who wait take units. */
  readonly waiting: boolean;
}

/** An active order of a buyer. */
export interface HeldOrder extends HeldReservation {
  readonly slot: number;
  readonly acceptedAtMs: number;
}

export interface OfferState extends BundlePlanState {
  /** Those that are on sale, or were; drafts are missing. */
  readonly products: ReadonlyMap<string, OfferedProduct>;
  /** Reservations that were decided before, whatever became of them. */
  readonly decided: ReadonlySet<string>;
  /** By `holderKey`. */
  readonly held: ReadonlyMap<string, readonly HeldOrder[]>;
  /** Those for whom the offers among the reservations were made, by reservation id; those who left are left out. */
  readonly waiters: ReadonlyMap<string, unknown>;
  /** The database's clock: it decides when a sale starts and ends. */
  readonly nowMs: number;
}

/** The orders to write, and the answer to each request. */
export interface ReservePlan {
  readonly outcomes: readonly ReserveOutcome[];
  readonly orders: readonly PlannedOrder[];
  /** Units to reserve, by product. */
  readonly reserved: ReadonlyMap<string, number>;
  /** The sequence of each product after the batch. */
  readonly sequences: ReadonlyMap<string, number>;
  readonly bundles: DecidedBundles;
}

/**
 * Decides requests in their order, with the answers that the gate's script gives (gate/scripts/reserve.lua). A pure
 * function, without database and clock.
 */
export function planReserves(requests: readonly DirectRequest[], state: OfferState): ReservePlan {
  const planner = new ReservePlanner(state);
  const outcomes = requests.map((request) => planner.decide(request));
  const { orders, reserved, sequences, bundles } = planner;
  return { outcomes, orders, reserved, sequences, bundles };
}

class ReservePlanner {
  readonly orders: PlannedOrder[] = [];
  readonly reserved = new Map<string, number>();
  readonly sequences = new Map<string, number>();
  readonly bundles: BundlePlan;
  readonly #state: OfferState;
  readonly #decided = new Set<string>();
  readonly #held = new Map<string, HeldOrder[]>();

  constructor(state: OfferState) {
    this.#state = state;
    this.bundles = new BundlePlan(state);
  }

  decide(request: DirectRequest): ReserveOutcome {
    const { reservationId, saleId, productId, userId, minEpoch } = request;
    const product = this.#state.products.get(productId);
    if (product?.saleId !== saleId || product.epoch < minEpoch) return { kind: "closed" };
    const { nowMs } = this.#state;
    if (nowMs < product.startsAtMs) return { kind: "not_started", startsAtMs: product.startsAtMs };
    // The same reservation again, even after the end, or after its unit went back: one reservation, one answer.
    if (this.#state.decided.has(reservationId) || this.#decided.has(reservationId)) {
      const own = this.#heldBy(productId, userId).find((one) => one.reservationId === reservationId);
      return { kind: "replay", ...replayed(own ?? { reservationId }) };
    }
    // A bundle that is broken has decided its parts too: there is no unit for them any more.
    if (this.bundles.refusalOf(request) !== undefined) return { kind: "replay", reservationId };
    if (nowMs >= product.endsAtMs) return { kind: "ended" };
    if (product.paused) return { kind: "paused" };
    const held = this.#heldBy(productId, userId);
    const last = held.at(-1);
    const mayTake = product.limitPerUser - sumOfUnits(held);
    if (last !== undefined && mayTake <= 0) return { kind: "replay", ...replayed(last), ...heldParts(held) };
    if (unitsOf(request) > mayTake) return { kind: "over_limit", left: mayTake, ...heldParts(held) };
    const left = this.#unitsFor(reservationId, product, productId);
    if (left < unitsOf(request)) return { kind: "sold_out", epoch: product.epoch, left };
    return { kind: "accepted", reservation: this.#accept(request, product, held) };
  }

  /** While somebody waits, the free units are for the offers to those who still do. */
  #unitsFor(reservationId: string, { available, waiting }: OfferedProduct, productId: string): number {
    const isOut = isOffer(reservationId) ? !this.#state.waiters.has(reservationId) : waiting;
    return isOut ? 0 : Math.max(0, available - (this.reserved.get(productId) ?? 0));
  }

  #accept(request: DirectRequest, product: OfferedProduct, held: HeldOrder[]): AcceptedReservation {
    const { minEpoch: _, traceparent: __, ...ids } = request;
    const { reservationId, productId } = request;
    const taken = (this.reserved.get(productId) ?? 0) + unitsOf(request);
    const sequence = (this.sequences.get(productId) ?? product.sequence) + 1;
    // Later than the buyer's order before it, so that the orders of a buyer have an order among themselves.
    const acceptedAtMs = Math.max(this.#state.nowMs, (held.at(-1)?.acceptedAtMs ?? 0) + 1);
    const reservation = { ...ids, epoch: product.epoch, acceptedAtMs, sequence };
    const slot = freeSlot(new Set(held.map((order) => order.slot)));
    held.push({ reservationId, quantity: request.quantity, slot, acceptedAtMs });
    this.#decided.add(reservationId);
    this.bundles.noteRecorded(reservation);
    this.reserved.set(productId, taken);
    this.sequences.set(productId, sequence);
    this.orders.push({ reservation, slot });
    return reservation;
  }

  /** The buyer's active orders, the oldest first, with those of this batch. */
  #heldBy(productId: string, userId: string): HeldOrder[] {
    const key = holderKey(productId, userId);
    const known = this.#held.get(key);
    if (known !== undefined) return known;
    const held = (this.#state.held.get(key) ?? []).toSorted((a, b) => a.acceptedAtMs - b.acceptedAtMs);
    this.#held.set(key, held);
    return held;
  }
}

function replayed({ reservationId, quantity = 1 }: HeldReservation): HeldReservation {
  return quantity === 1 ? { reservationId } : { reservationId, quantity };
}
