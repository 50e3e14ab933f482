import type { ReservationIds } from "../authorization/reservation-ids.ts";
import type { Reservation, ReservationStatus } from "../contract/reservations.ts";
import { productOf } from "../domain/buckets.ts";
import type { Order, OrderState } from "../domain/order.ts";
import { repairedAfterEndMs } from "../domain/sale.ts";
import { type Gate, isServed } from "../gate/gate.ts";
import type { LedgerOrders } from "../ledger/orders.ts";
import type { LedgerGates } from "../ledger/gates.ts";
import type { Catalogue } from "./catalogue.ts";
import type { CatalogueProduct } from "./catalogue-product.ts";

/** The user who asks, and the product if the request names one. */
export interface ReservationAsker {
  readonly userId: string;
  readonly productId: string | undefined;
}

export type ReservationReading =
  | { readonly ok: Reservation }
  | { readonly failure: "not_owner" | "reservation_not_found" | "gate_unavailable" };

/** How each state of an order is shown to its buyer: a committed order is `won`. */
const statusOf = {
  reserved: "won",
  paid: "paid",
  cancelled: "cancelled",
  expired: "expired",
  refund_due: "refund_due",
  refunded: "refunded",
} as const satisfies Record<OrderState, ReservationStatus>;

/** Final statuses: a stream of events ends with one of them. */
export function isFinal(status: ReservationStatus): boolean {
  return status !== "pending" && status !== "won";
}

export function describeOrder(order: Order): Reservation {
  return {
    reservation: order.reservationId,
    status: statusOf[order.state],
    productID: productOf(order.productId),
    ...(order.state === "reserved" && { payBeforeMs: order.payBeforeMs }),
    ...{ productName: order.productName, priceMinor: order.priceMinor, currency: order.currency },
    ...{ quantity: order.quantity, recordedAtMs: order.recordedAtMs },
    ...(order.paidAtMs !== undefined && { paidAtMs: order.paidAtMs }),
    ...(order.cancelledAtMs !== undefined && { cancelledAtMs: order.cancelledAtMs }),
    ...(order.expiredAtMs !== undefined && { expiredAtMs: order.expiredAtMs }),
    ...(order.refundedAtMs !== undefined && { refundedAtMs: order.refundedAtMs }),
  };
}

/** Reads the status of a reservation: first from the ledger, which is the truth, then from the gate. */
export class ReservationReader {
  readonly #orders: Pick<LedgerOrders, "read" | "readRejection">;
  readonly #gates: Pick<LedgerGates, "comparedAtMs">;
  readonly #gate: Gate;
  readonly #catalogue: Catalogue;
  readonly #ids: Pick<ReservationIds, "belongsTo">;
  readonly #now: () => number;

  constructor(parts: {
    orders: Pick<LedgerOrders, "read" | "readRejection">;
    gates: Pick<LedgerGates, "comparedAtMs">;
    gate: Gate;
    catalogue: Catalogue;
    /** Says whose a reservation is that has no order yet. */
    ids: Pick<ReservationIds, "belongsTo">;
    /** Unix milliseconds. */
    now: () => number;
  }) {
    this.#now = parts.now;
    this.#orders = parts.orders;
    this.#gates = parts.gates;
    this.#gate = parts.gate;
    this.#catalogue = parts.catalogue;
    this.#ids = parts.ids;
  }

  async read(reservationId: string, asker: ReservationAsker): Promise<ReservationReading> {
    const order = await this.#orders.read(reservationId);
    if (order !== undefined) return readingOf(order, asker);
    const { productId, userId } = asker;
    // Tokens name the bucket, and a page names the product.
    const entry = productId === undefined ? undefined : this.#catalogue.findFor(productOf(productId), userId);
    if (entry === undefined) return { failure: "reservation_not_found" };
    const { id: bucketId } = entry.product;
    // Without an order, the tag in the id proves the owner.
    if (!this.#ids.belongsTo(reservationId, userId, bucketId)) return { failure: "not_owner" };
    const rejected = await this.#rejection(reservationId, bucketId);
    if (rejected !== undefined) return rejected;
    const holds = await this.#gate.holds({ reservationId, userId, productId: bucketId, saleId: entry.sale.id });
    if (holds) return { ok: { reservation: reservationId, status: "pending", productID: productOf(bucketId) } };
    return this.#unknown(reservationId, entry, asker);
  }

  async #rejection(reservationId: string, productId: string): Promise<ReservationReading | undefined> {
    const reason = await this.#orders.readRejection(reservationId);
    if (reason === undefined) return undefined;
    return { ok: { reservation: reservationId, status: "rejected", productID: productOf(productId), reason } };
  }

  /** Neither the ledger nor the gate knows the reservation. A gate that has lost data may have accepted it before. */
  async #unknown(
    reservationId: string,
    { sale, product }: CatalogueProduct,
    asker: ReservationAsker,
  ): Promise<ReservationReading> {
    if (this.#now() > sale.endsAtMs + repairedAfterEndMs) return { failure: "reservation_not_found" };
    const status = await this.#gate.status(sale.id, product.id);
    if (!isServed(status) || status.epoch < product.epoch) return { failure: "gate_unavailable" };
    if ((await this.#gates.comparedAtMs(product.id)) === undefined) return { failure: "reservation_not_found" };
    // It may have reached the ledger after the first look, and have left the gate before the second one.
    const order = await this.#orders.read(reservationId);
    if (order !== undefined) return readingOf(order, asker);
    const lost = { reservation: reservationId, status: "lost", productID: productOf(product.id) } as const;
    return (await this.#rejection(reservationId, product.id)) ?? { ok: lost };
  }
}

function readingOf(order: Order, { userId }: ReservationAsker): ReservationReading {
  return order.userId === userId ? { ok: describeOrder(order) } : { failure: "not_owner" };
}
