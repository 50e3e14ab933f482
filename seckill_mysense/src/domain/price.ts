import type { Order } from "./order.ts";
import type { SaleProduct } from "./sale.ts";

/** What orders cost together, in the smallest unit of their currency, as it was agreed when they were recorded. */
export function totalOf(orders: readonly Pick<Order, "priceMinor" | "quantity">[]): number {
  return orders.reduce((sum, { priceMinor, quantity }) => sum + priceMinor * quantity, 0);
}

export type PricedProduct = Pick<SaleProduct, "id" | "priceMinor" | "currency" | "limitPerUser">;

/** Says why a product cannot be paid for; undefined if it can. */
export type CheckPrice = (product: PricedProduct) => string | undefined;
