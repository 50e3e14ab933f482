import type { Reservation, ReservationStatus } from "../contract/reservations.ts";
import { productOf } from "../domain/buckets.ts";
import type { Order, OrderState } from "../domain/order.ts";

/** How each state of an order is shown to its buyer: a committed order is `won`. */
const statusOf = {
  reserved: "won",
  paid: "paid",
  cancelled: "cancelled",
  expired: "expired",
  refund_due: "refund_due",
  refunded: "refunded",
} as const satisfies Record<OrderState, ReservationStatus>;

export function describeOrder(order: Order): Reservation {
  const { productName, priceMinor, quantity } = order;
  return {
    reservation: order.reservationId,
    productID: productOf(order.productId),
    ...{ productName, priceMinor, quantity },
    ...describeState(order),
  };
}

/** What all orders of a bundle have in common. */
export function describeState(
  order: Order,
): Omit<Reservation, "reservation" | "productID" | "parts" | "productName" | "priceMinor" | "quantity"> {
  return {
    status: statusOf[order.state],
    ...(order.state === "reserved" && { payBeforeMs: order.payBeforeMs }),
    currency: order.currency,
    recordedAtMs: order.recordedAtMs,
    ...(order.paidAtMs !== undefined && { paidAtMs: order.paidAtMs }),
    ...(order.cancelledAtMs !== undefined && { cancelledAtMs: order.cancelledAtMs }),
    ...(order.expiredAtMs !== undefined && { expiredAtMs: order.expiredAtMs }),
    ...(order.refundedAtMs !== undefined && { refundedAtMs: order.refundedAtMs }),
  };
}
