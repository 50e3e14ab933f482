import type { Reservation } from "../src/contract/reservations.ts";
import { setText, show } from "./elements.ts";
import { money, type Offer, type Product } from "./offer-view.ts";

/** The buyer has the units of such a reservation, or gets money back for them. */
const shown: ReadonlySet<Reservation["status"]> = new Set(["pending", "won", "paid", "refund_due", "refunded"]);

/** Shows how many units of what a reservation is for, and their price. Before the order is recorded: today's price. */
export function showOrder(reservation: Reservation | undefined, { sale, product }: Offer): void {
  const isShown = reservation !== undefined && shown.has(reservation.status);
  show("order", isShown);
  if (!isShown) return;
  const find = (id: string | undefined): Product | undefined => sale.products.find((one) => one.id === id);
  const nameOf = (id: string): string => find(id)?.name ?? id;
  // What the buyer has may be of another product than the shown one.
  const today = find(reservation.productID) ?? product;
  const { quantity = 1, productName = today.name, parts } = reservation;
  const { priceMinor = today.priceMinor, currency = today.currency } = reservation;
  const items = parts?.map((part) => `${part.quantity} × ${part.productName ?? nameOf(part.productID)}`);
  setText("order-units", items?.join(", ") ?? `${quantity} × ${productName}`);
  // What a bundle costs is known with its orders.
  const total = parts === undefined ? priceMinor * quantity : reservation.totalMinor;
  setText("order-total", total === undefined ? "" : money(total, currency));
}
