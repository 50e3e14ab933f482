import type { WaitingPlace, WaitingState } from "../contract/waiting-list.ts";
import { productOf } from "../domain/buckets.ts";
import type { Order, OrderState } from "../domain/order.ts";
import type { Waiter } from "../domain/waiter.ts";
import { type Gate, isServed } from "../gate/gate.ts";
import type { LedgerOrders } from "../ledger/orders.ts";
import type { LedgerWaiters } from "../ledger/waiters.ts";
import type { ProductRecord, SaleRecord } from "../domain/sale.ts";
import type { Amended } from "../sales/amend-product.ts";
import type { CatalogueProduct } from "./catalogue-product.ts";
import { WaitingPlaces } from "./waiting-places.ts";

export interface WaitingListParts {
  readonly gate: Pick<Gate, "status">;
  readonly waiters: LedgerWaiters;
  readonly orders: Pick<LedgerOrders, "read" | "cancel">;
  /** Brings an armed product to the ledger's records. */
  readonly amend: (sale: SaleRecord, product: ProductRecord) => Promise<Amended>;
  readonly windowMs: number;
  /** Most who wait for one product; 0 if nobody may. */
  readonly maxWaiting: number;
  /** Milliseconds of a monotonic clock. */
  readonly elapsedMs: () => number;
}

export type JoinFailure =
  | { readonly failure: "waiting_list_off" | "sale_ended" | "units_left" | "limit_reached" | "waiting_list_full" }
  | { readonly failure: "not_started"; readonly startsAtMs: number }
  | { readonly failure: "gate_closed"; readonly retryAfterSeconds: number };

type Told = { readonly ok: WaitingPlace };

/** The list may be closed between two steps, because nobody waited. More often than this is no coincidence. */
const maxTries = 5;
const gateClosed = { failure: "gate_closed", retryAfterSeconds: 1 } as const;

/** What buyers do with waiting lists. */
export class WaitingList {
  readonly #parts: WaitingListParts;
  readonly #places: WaitingPlaces;

  constructor(parts: WaitingListParts) {
    this.#parts = parts;
    this.#places = new WaitingPlaces(parts.waiters, parts.elapsedMs);
  }

  /**
   * Nobody is taken in before the gate keeps free units for those who wait. So the list is opened in the ledger, then at
   * the gate, and only then somebody joins it.
   */
  async join(entry: CatalogueProduct, userId: string): Promise<Told | JoinFailure> {
    const { sale, product } = entry;
    const { gate, waiters, windowMs, maxWaiting } = this.#parts;
    if (maxWaiting === 0) return { failure: "waiting_list_off" };
    if (sale.state === "cancelled") return { failure: "sale_ended" };
    for (let tries = 0; tries < maxTries; tries++) {
      const status = await gate.status(sale.id, product.id);
      if (!isServed(status)) return gateClosed;
      if (status.nowMs < status.startsAtMs) return { failure: "not_started", startsAtMs: status.startsAtMs };
      if (status.nowMs >= status.endsAtMs) return { failure: "sale_ended" };
      if (status.waiting) {
        const request = { productId: product.id, userId, gateVersion: status.version, windowMs, maxWaiting };
        const outcome = await waiters.join(request);
        if ("waiter" in outcome) return { ok: await this.#describe(outcome.waiter) };
        if (outcome.kind === "full") return { failure: "waiting_list_full" };
        if (outcome.kind === "limit_reached") return { failure: "limit_reached" };
      } else if (status.available > 0 || (await this.#areElsewhere(entry))) return { failure: "units_left" };
      if (!(await this.#open(product.id))) return gateClosed;
    }
    return gateClosed;
  }

  /** Undefined for a user who never joined. */
  async read(productId: string, userId: string): Promise<Told | undefined> {
    const waiter = await this.#parts.waiters.read(productId, userId);
    return waiter && { ok: await this.#describe(waiter) };
  }

  /** Undefined for a user who never joined. */
  async leave(
    productId: string,
    userId: string,
  ): Promise<Told | { readonly failure: "order_not_cancellable" } | undefined> {
    const { waiters, orders } = this.#parts;
    if (await waiters.leave(productId, userId)) return this.read(productId, userId);
    const waiter = await waiters.read(productId, userId);
    if (waiter?.state !== "offered") return waiter && { ok: await this.#describe(waiter) };
    const { kind } = await orders.cancel(waiter.reservationId);
    if (kind === "refused") return { failure: "order_not_cancellable" };
    return { ok: await this.#describe(waiter) };
  }

  /** Whether another bucket has units. While somebody waits for a bucket, all its other buyers are told "sold out". */
  async #areElsewhere({ sale, product, buckets }: CatalogueProduct): Promise<boolean> {
    // One whose gate did not answer lately would make the buyer wait for the gate's time limit.
    const others = buckets.filter((bucket) => bucket.product.id !== product.id && bucket.available !== null);
    const states = await Promise.all(
      others.map((bucket) => this.#parts.gate.status(sale.id, bucket.product.id).catch(() => undefined)),
    );
    return states.some((state) => isServed(state) && !state.waiting && state.available > 0);
  }

  async #open(productId: string): Promise<boolean> {
    const listed = await this.#parts.waiters.open(productId);
    if (listed === undefined) return false;
    const { kind } = await this.#parts.amend(listed.sale, listed.product);
    return kind === "current" || kind === "lowering_refused";
  }

  async #describe(waiter: Waiter): Promise<WaitingPlace> {
    const { productId, joinedAtMs, reservationId } = waiter;
    const place = { productID: productOf(productId), joinedAtMs };
    if (waiter.state === "waiting") {
      return { ...place, state: "waiting", before: await this.#places.before(productId, waiter.place) };
    }
    if (waiter.state !== "offered") return { ...place, state: waiter.state };
    const order = await this.#parts.orders.read(reservationId);
    return { ...place, ...describeOffer(order), reservation: reservationId };
  }
}

function describeOffer(order: Order | undefined): { readonly state: WaitingState; readonly payBeforeMs?: number } {
  if (order === undefined) return { state: "passed" };
  const state = stateOf[order.state];
  return state === "offered" ? { state, payBeforeMs: order.payBeforeMs } : { state };
}

const stateOf = {
  reserved: "offered",
  paid: "taken",
  expired: "passed",
  cancelled: "left",
  refund_due: "taken",
  refunded: "taken",
} as const satisfies Record<OrderState, WaitingState>;
