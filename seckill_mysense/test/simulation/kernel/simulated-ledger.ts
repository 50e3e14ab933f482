import type { Bundle } from "../../../src/domain/bundle.ts";
import type { Flaw } from "./flaws.ts";
import type { OrderRow } from "./order-row.ts";
import type { ProductRecord, ProductRow } from "./product-row.ts";
import type { Message, Return } from "./simulated-gate.ts";
import { SimulatedChanges } from "./simulated-changes.ts";
import { SimulatedBundles } from "./simulated-bundles.ts";
import { isOffer, offerWindowMs, SimulatedLists } from "./simulated-lists.ts";

export type Rejection = "oversold" | "limit_per_user" | "gate_lost" | "not_waiting" | "bundle_broken";

interface RejectionRow extends Return {
  readonly reason: Rejection;
  epoch: number;
}

interface ReturnRow extends Return {
  applied: boolean;
}

/** A payment that the provider reported as done. */
interface PaymentRow {
  readonly paymentId: string;
  readonly reservationId: string;
  /** `kept`: it pays its order. `refund`: the money has to go back. `refunded`: it went back. */
  state: "kept" | "refund" | "refunded";
}

export const payWithinMs = 3_000;

interface LedgerSurroundings {
  now(): number;
  has(flaw: Flaw): boolean;
  newOffer(): string;
}

/** The book of orders. Each method is one transaction: it happens as a whole, and is never forgotten. */
export class SimulatedLedger {
  readonly products = new Map<string, ProductRow>();
  readonly orders = new Map<string, OrderRow>();
  readonly rejections = new Map<string, RejectionRow>();
  readonly returns: ReturnRow[] = [];
  readonly payments = new Map<string, PaymentRow>();
  readonly lists: SimulatedLists;
  readonly bundles: SimulatedBundles;
  readonly changes: SimulatedChanges;
  readonly #world: LedgerSurroundings;

  constructor(world: LedgerSurroundings) {
    this.#world = world;
    this.bundles = new SimulatedBundles({
      now: () => world.now(),
      has: (flaw) => world.has(flaw),
      order: (reservationId) => this.orders.get(reservationId),
    });
    this.changes = new SimulatedChanges({
      now: () => world.now(),
      has: (flaw) => world.has(flaw),
      rows: () => this.products.values(),
      product: (productId) => this.product(productId),
    });
    this.lists = new SimulatedLists({
      has: (flaw) => world.has(flaw),
      product: (productId) => this.product(productId),
      held: (productId, userId) => this.#held(productId, userId),
      newOffer: () => world.newOffer(),
      nextRevision: () => this.changes.nextRevision(),
    });
  }

  product(productId: string): ProductRow {
    return this.products.get(productId) as ProductRow;
  }

  /** Whether a reservation has had its answer. */
  knows(reservationId: string): boolean {
    return this.orders.has(reservationId) || this.rejections.has(reservationId);
  }

  // Recording.

  record(batch: readonly Message[]): void {
    for (const message of batch) this.#record(message);
  }

  /** Only for a planted mistake, which writes the totals in a transaction of their own. */
  takeBack(productId: string, units: number): void {
    this.product(productId).reserved -= units;
  }

  #record(message: Message): void {
    const { reservationId, productId, userId, epoch, sequence } = message;
    const quantity = this.#world.has("the ledger records one unit of several") ? 1 : message.quantity;
    const product = this.product(productId);
    if (epoch === product.epoch) product.mark = Math.max(product.mark, sequence);
    const isKnown = this.orders.has(reservationId);
    if (isKnown && !this.#world.has("a message that comes twice is recorded twice")) return;
    const rejection = this.rejections.get(reservationId);
    if (rejection !== undefined) {
      this.#returnNewerUnit(message, rejection);
      return;
    }
    if (epoch < product.epoch && !this.#world.has("a message of an older epoch is recorded")) {
      this.#reject(message, "gate_lost");
      return;
    }
    if (product.reserved + product.sold + quantity > product.total) {
      this.#reject(message, "oversold");
      return;
    }
    if (!this.lists.mayRecord(reservationId)) {
      this.#reject(message, "not_waiting");
      this.#release(message);
      return;
    }
    if (!this.bundles.mayRecord(message)) {
      this.#reject(message, "bundle_broken");
      this.#release(message);
      return;
    }
    if (this.#held(productId, userId) + quantity > product.limitPerUser) {
      this.#reject(message, "limit_per_user");
      this.#release(message);
      return;
    }
    product.reserved += quantity;
    const payBeforeMs = this.#world.now() + (isOffer(reservationId) ? offerWindowMs : payWithinMs);
    this.lists.recorded(reservationId);
    this.orders.set(reservationId, {
      ...{ reservationId, productId, userId, quantity, payBeforeMs },
      state: "reserved",
      paymentId: undefined,
    });
    this.bundles.recorded(reservationId, payBeforeMs);
  }

  #reject(message: Message, reason: Rejection): void {
    const { reservationId, productId, userId, quantity, epoch } = message;
    this.bundles.rejected(message);
    this.rejections.set(reservationId, { reservationId, productId, userId, quantity, epoch, reason });
    this.lists.rejected(reservationId, reason === "limit_per_user");
  }

  /** Units of a user's active orders. */
  #held(productId: string, userId: string): number {
    let units = 0;
    for (const order of this.orders.values()) {
      if (order.userId === userId && order.productId === productId && isActive(order)) units += order.quantity;
    }
    return units;
  }

  /** The gate was rebuilt and accepted this reservation once more, before its rejection was known. */
  #returnNewerUnit(message: Message, rejection: RejectionRow): void {
    if (message.epoch <= rejection.epoch) return;
    rejection.epoch = message.epoch;
    this.#release(message);
  }

  #release({ reservationId, productId, userId, quantity, epoch }: Return): void {
    this.returns.push({ reservationId, productId, userId, quantity, epoch, applied: false });
  }

  // Changes of orders.

  /** True when the order was unpaid and has been released. */
  cancel(id: string, state: "cancelled" | "expired" = "cancelled"): boolean {
    const ids = this.bundles.purchase(id).map(({ reservationId }) => reservationId);
    return ids.map((reservationId) => this.#cancelOne(reservationId, state)).includes(true);
  }

  /** Brings the units of a broken bundle back. */
  releaseBroken(row: Pick<Bundle, "bundleId" | "parts"> & { isHeld: boolean }): void {
    row.isHeld = false;
    if (this.#world.has("a broken bundle keeps its parts")) return;
    for (const { reservationId } of this.bundles.ordersOf(row)) this.#cancelOne(reservationId, "cancelled");
  }

  #cancelOne(reservationId: string, state: "cancelled" | "expired"): boolean {
    if (!this.leaveReserved(reservationId, state)) return false;
    if (state === "expired" && isOffer(reservationId) && this.#world.has("an offer that expires goes back to nobody")) {
      return true;
    }
    if (state === "expired" || !this.#world.has("cancelling writes no return")) this.writeReturn(reservationId);
    return true;
  }

  leaveReserved(reservationId: string, state: "cancelled" | "expired"): boolean {
    const order = this.orders.get(reservationId);
    if (order?.state !== "reserved") return false;
    order.state = state;
    this.product(order.productId).reserved -= order.quantity;
    return true;
  }

  writeReturn(reservationId: string): void {
    const order = this.orders.get(reservationId) as OrderRow;
    this.#release({ ...order, epoch: this.product(order.productId).epoch });
  }

  unpaid(): OrderRow[] {
    return [...this.orders.values()].filter(
      (order) => order.state === "reserved" && order.payBeforeMs < this.#world.now() && this.bundles.mayExpire(order),
    );
  }

  // Returns.

  pendingReturns(): ReturnRow[] {
    return this.returns.filter(({ applied }) => !applied);
  }

  /** `gate` is what the gate's answer said about its product. */
  /** In the epoch of the answer only: a gate that was adopted since may have forgotten the return. */
  markReturned(answered: Return, gate: { readonly epoch: number; readonly sequence: number }): void {
    const product = this.product(answered.productId);
    if (gate.epoch !== product.epoch) return;
    product.mark = Math.max(product.mark, gate.sequence);
    const row = this.returns.find(
      (row) => row.reservationId === answered.reservationId && row.epoch === answered.epoch,
    );
    if (row !== undefined) row.applied = true;
  }

  // Payments.

  /** What the provider reported: the money has arrived. */
  paymentArrived(paymentId: string, reservationId: string): void {
    const known = this.payments.get(paymentId);
    if (known !== undefined) {
      if (this.#world.has("the same payment twice is refunded") && known.state === "kept") known.state = "refund";
      return;
    }
    const all = this.bundles.purchase(reservationId);
    const orders = this.#world.has("a payment pays one part of a bundle") ? all.slice(0, 1) : all;
    const [order] = orders;
    if (order !== undefined && orders.every((one) => this.#mayBePaid(one))) {
      for (const one of orders) this.#pay(one, paymentId);
      this.payments.set(paymentId, { paymentId, reservationId, state: "kept" });
      return;
    }
    const isSecond = order?.state === "paid";
    const isKept = this.#world.has(isSecond ? "a second payment of an order is kept" : "a late payment is kept");
    this.payments.set(paymentId, { paymentId, reservationId, state: isKept ? "kept" : "refund" });
  }

  #pay(order: OrderRow, paymentId: string): void {
    order.state = "paid";
    order.paymentId = paymentId;
    const product = this.product(order.productId);
    product.reserved -= order.quantity;
    product.sold += order.quantity;
  }

  #mayBePaid(order: OrderRow): boolean {
    if (order.state === "reserved") return true;
    return order.state !== "paid" && this.#world.has("payment does not look at the state");
  }

  refundsToSend(): PaymentRow[] {
    return [...this.payments.values()].filter(({ state }) => state === "refund");
  }

  markRefunded(paymentId: string): void {
    const payment = this.payments.get(paymentId);
    if (payment !== undefined) payment.state = "refunded";
  }

  // Recovery.

  /** True for the one who may arm the gate for the first time. */
  claimFirstArming(productId: string): boolean {
    const product = this.product(productId);
    if (product.armedEpoch > 0 && !this.#world.has("a forgotten gate is armed again")) return false;
    product.armedEpoch = Math.max(1, product.armedEpoch);
    return true;
  }

  raiseEpoch(productId: string, from: number): number | undefined {
    const product = this.product(productId);
    if (product.epoch !== from) return undefined;
    product.epoch++;
    product.armedEpoch = product.epoch;
    return product.epoch;
  }

  read(productId: string): ProductRecord {
    const row = this.product(productId);
    const taken = row.reserved + row.sold;
    let pending = 0;
    for (const { applied, epoch, quantity, productId: id } of this.returns) {
      if (!applied && id === productId && epoch === row.epoch) pending += quantity;
    }
    const counted = this.#world.has("repair counts pending returns as available") ? 0 : pending;
    return { ...row, taken, pending, owed: row.total - taken - counted };
  }

  /** Reservations of a product that hold a unit. */
  active(productId: string): Return[] {
    return this.#ordersOf(productId)
      .filter(isActive)
      .map((order) => ({ ...order, epoch: 0 }));
  }

  /** Reservations of a product that have had their answer and hold no unit. */
  released(productId: string): Return[] {
    const rejected = [...this.rejections.values()].filter((row) => row.productId === productId);
    const rows = [...this.#ordersOf(productId).filter((order) => !isActive(order)), ...rejected];
    return rows.map((order) => ({ ...order, epoch: this.#lastReturn(order.reservationId) }));
  }

  #lastReturn(reservationId: string): number {
    const epochs = this.returns.filter((row) => row.reservationId === reservationId).map(({ epoch }) => epoch);
    // A return that still waits must not be taken for one that was applied.
    const waits = this.returns.some((row) => row.reservationId === reservationId && !row.applied);
    return waits ? 0 : Math.max(0, ...epochs);
  }

  #ordersOf(productId: string): OrderRow[] {
    return [...this.orders.values()].filter((order) => order.productId === productId);
  }
}

export function isActive({ state }: OrderRow): boolean {
  return state === "reserved" || state === "paid";
}
