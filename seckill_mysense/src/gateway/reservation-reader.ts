import type { ReservationIds } from "../authorization/reservation-ids.ts";
import type { Reservation, ReservationStatus } from "../contract/reservations.ts";
import type { Order, OrderState } from "../domain/order.ts";
import type { Gate } from "../gate/gate.ts";
import type { LedgerOrders } from "../ledger/orders.ts";
import type { Catalogue } from "./catalogue.ts";

/** The user who asks, and the product if the request names one. */
export interface ReservationAsker {
  readonly userId: string;
  readonly productId: string | undefined;
}

export type ReservationReading =
  | { readonly ok: Reservation }
  | { readonly failure: "not_owner" | "reservation_not_found" };

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
    productID: order.productId,
    ...(order.state === "reserved" && { payBeforeMs: order.payBeforeMs }),
    ...{ productName: order.productName, priceMinor: order.priceMinor, currency: order.currency },
    ...{ quantity: order.quantity, recordedAtMs: order.recordedAtMs },
    ...(order.paidAtMs !== undefined && { paidAtMs: order.paidAtMs }),
    ...(order.cancelledAtMs !== undefined && { cancelledAtMs: order.cancelledAtMs }),
    ...(order.expiredAtMs !== undefined && { expiredAtMs: order.expiredAtMs }),
  };
}

/** Reads the status of a reservation: first from the ledger, which is the truth, then from the gate. */
export class ReservationReader {
  readonly #orders: Pick<LedgerOrders, "read" | "readRejection">;
  readonly #gate: Gate;
  readonly #catalogue: Catalogue;
  readonly #ids: ReservationIds;

  constructor(parts: {
    orders: Pick<LedgerOrders, "read" | "readRejection">;
    gate: Gate;
    catalogue: Catalogue;
    ids: ReservationIds;
  }) {
    this.#orders = parts.orders;
    this.#gate = parts.gate;
    this.#catalogue = parts.catalogue;
    this.#ids = parts.ids;
  }

  async read(reservationId: string, asker: ReservationAsker): Promise<ReservationReading> {
    const order = await this.#orders.read(reservationId);
    if (order !== undefined) {
      return order.userId === asker.userId ? { ok: describeOrder(order) } : { failure: "not_owner" };
    }
    const { productId, userId } = asker;
    const entry = productId === undefined ? undefined : this.#catalogue.find(productId);
    if (entry === undefined || productId === undefined) return { failure: "reservation_not_found" };
    // Without an order, the tag in the id proves the owner.
    if (!this.#ids.belongsTo(reservationId, userId, productId)) return { failure: "not_owner" };
    const reason = await this.#orders.readRejection(reservationId);
    if (reason !== undefined) {
      return { ok: { reservation: reservationId, status: "rejected", productID: productId, reason } };
    }
    const holds = await this.#gate.holds({ reservationId, userId, productId, saleId: entry.sale.id });
    if (holds) return { ok: { reservation: reservationId, status: "pending", productID: productId } };
    return { failure: "reservation_not_found" };
  }
}
