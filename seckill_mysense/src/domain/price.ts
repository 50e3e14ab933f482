import type { Order } from "./order.ts";

/** What orders cost together, in the smallest unit of their currency, as it was agreed when they were recorded. */
export function totalOf(orders: readonly Pick<Order, "priceMinor" | "quantity">[]): number {
  return orders.reduce((sum, { priceMinor, quantity }) => sum + priceMinor * quantity, 0);
}
