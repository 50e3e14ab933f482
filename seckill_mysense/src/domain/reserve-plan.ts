import { holderKey, type PlannedOrder } from "./batch-plan.ts";
import type { AcceptedReservation, ReservationRequest, ReserveOutcome } from "./reservation.ts";

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
}

/** An active order of a buyer. */
export interface HeldOrder {
  readonly reservationId: string;
  readonly slot: number;
  readonly acceptedAtMs: number;
}

export interface OfferState {
  /** Those that are on sale, or were; drafts are missing. */
  readonly products: ReadonlyMap<string, OfferedProduct>;
  /** Reservations that were decided before, whatever became of them. */
  readonly decided: ReadonlySet<string>;
  /** By `holderKey`. */
  readonly held: ReadonlyMap<string, readonly HeldOrder[]>;
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
}

/**
 * Decides requests in their order, with the answers that the gate's script gives (gate/scripts/reserve.lua). A pure
 * function, without database and clock.
 */
export function planReserves(requests: readonly DirectRequest[], state: OfferState): ReservePlan {
  const planner = new ReservePlanner(state);
  const outcomes = requests.map((request) => planner.decide(request));
  return { outcomes, orders: planner.orders, reserved: planner.reserved, sequences: planner.sequences };
}

class ReservePlanner {
  readonly orders: PlannedOrder[] = [];
  readonly reserved = new Map<string, number>();
  readonly sequences = new Map<string, number>();
  readonly #state: OfferState;
  readonly #decided = new Set<string>();
  readonly #held = new Map<string, HeldOrder[]>();

  constructor(state: OfferState) {
    this.#state = state;
  }

  decide(request: DirectRequest): ReserveOutcome {
    const { reservationId, saleId, productId, userId, minEpoch } = request;
    const product = this.#state.products.get(productId);
    if (product?.saleId !== saleId || product.epoch < minEpoch) return { kind: "closed" };
    const { nowMs } = this.#state;
    if (nowMs < product.startsAtMs) return { kind: "not_started", startsAtMs: product.startsAtMs };
    // The same reservation again, even after the end, or after its unit went back: one reservation, one answer.
    if (this.#state.decided.has(reservationId) || this.#decided.has(reservationId)) {
      return { kind: "replay", reservationId };
    }
    if (nowMs >= product.endsAtMs) return { kind: "ended" };
    if (product.paused) return { kind: "paused" };
    const held = this.#heldBy(productId, userId);
    const last = held.at(-1);
    if (last !== undefined && held.length >= product.limitPerUser) {
      return { kind: "replay", reservationId: last.reservationId };
    }
    const taken = this.reserved.get(productId) ?? 0;
    if (taken >= product.available) return { kind: "sold_out", epoch: product.epoch };
    return { kind: "accepted", reservation: this.#accept(request, product, held) };
  }

  #accept(request: DirectRequest, product: OfferedProduct, held: HeldOrder[]): AcceptedReservation {
    const { minEpoch: _, traceparent: __, ...ids } = request;
    const { reservationId, productId } = request;
    const taken = (this.reserved.get(productId) ?? 0) + 1;
    const sequence = product.sequence + taken;
    // Later than the buyer's order before it, so that the orders of a buyer have an order among themselves.
    const acceptedAtMs = Math.max(this.#state.nowMs, (held.at(-1)?.acceptedAtMs ?? 0) + 1);
    const reservation = { ...ids, epoch: product.epoch, acceptedAtMs, sequence };
    const slot = freeSlot(held);
    held.push({ reservationId, slot, acceptedAtMs });
    this.#decided.add(reservationId);
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

function freeSlot(held: readonly HeldOrder[]): number {
  const taken = new Set(held.map(({ slot }) => slot));
  for (let slot = 1; ; slot++) if (!taken.has(slot)) return slot;
}
