import type { Reservation, ReservationStatus } from "../src/contract/reservations.ts";
import { call } from "./api.ts";
import { element, setText, show } from "./elements.ts";
import { money } from "./offer-view.ts";
import type { ShownSale } from "./shown-sale.ts";

/** What a user has ordered, as the server knows it: the same on all devices, and after the end of a sale. */
export interface UsersOrders {
  readonly orders: readonly Reservation[];
  readonly hasMore: boolean;
}

export const noOrders: UsersOrders = { orders: [], hasMore: false };

/** Undefined if the server did not tell. */
export async function readOrders(): Promise<UsersOrders | undefined> {
  const answer = await call("GET /api/orders");
  return "ok" in answer ? answer.ok : undefined;
}

/** The orders after news of one of them. */
export function withNews({ orders, hasMore }: UsersOrders, news: Reservation): UsersOrders {
  const isKnown = orders.some(({ reservation }) => reservation === news.reservation);
  if (isKnown) return { orders: orders.map((one) => (one.reservation === news.reservation ? news : one)), hasMore };
  return news.recordedAtMs === undefined ? { orders, hasMore } : { orders: [news, ...orders], hasMore };
}

const words: Record<ReservationStatus, string> = {
  pending: "Being recorded",
  won: "To be paid",
  paid: "Paid",
  cancelled: "Given back",
  expired: "Not paid in time",
  refund_due: "Refund on its way",
  refunded: "Refunded",
  rejected: "Not recorded",
  lost: "Not recorded",
};

let shown: UsersOrders = noOrders;

/** The list of all orders. It is drawn anew only when something has changed, so that a link keeps the focus. */
export function showOrders(all: UsersOrders, sales: readonly ShownSale[]): void {
  show("orders", all.orders.length > 0);
  if (shown === all) return;
  shown = all;
  const onSale = new Set(sales.flatMap(({ products }) => products.map(({ id }) => id)));
  element("orders-list").replaceChildren(...all.orders.map((order) => itemOf(order, onSale)));
  setText("orders-more", all.hasMore ? "There are older ones." : "");
}

function itemOf(order: Reservation, onSale: ReadonlySet<string>): HTMLElement {
  const item = document.createElement("li");
  item.dataset["status"] = order.status;
  const productId = order.productID ?? order.parts?.[0]?.productID;
  const name = document.createElement(productId !== undefined && onSale.has(productId) ? "a" : "strong");
  // Where it is paid and given back.
  if (name instanceof HTMLAnchorElement) name.href = `/check?${new URLSearchParams({ productID: productId ?? "" })}`;
  name.textContent = contentOf(order);
  const status = document.createElement("span");
  status.textContent = words[order.status];
  const about = document.createElement("small");
  about.textContent = [totalOf(order), dateOf(order.recordedAtMs)].filter((text) => text !== "").join(" · ");
  item.append(name, status, about);
  return item;
}

function contentOf({ parts, quantity = 1, productName, productID = "" }: Reservation): string {
  const items = parts ?? [{ quantity, productName, productID }];
  return items.map((one) => `${one.quantity} × ${one.productName ?? one.productID}`).join(", ");
}

function totalOf({ priceMinor, quantity = 1, totalMinor, currency }: Reservation): string {
  const total = totalMinor ?? (priceMinor === undefined ? undefined : priceMinor * quantity);
  return total === undefined || currency === undefined ? "" : money(total, currency);
}

function dateOf(atMs: number | undefined): string {
  if (atMs === undefined) return "";
  return new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }).format(
    atMs,
  );
}
