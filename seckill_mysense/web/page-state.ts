import type { SessionUser } from "../src/contract/accounts.ts";
import type { Reservation } from "../src/contract/reservations.ts";
import type { WaitingPlace } from "../src/contract/waiting-list.ts";
import { HeldReservations, holdsUnits, mostUrgent } from "./held-reservations.ts";
import type { Offer } from "./offer-view.ts";
import { noOrders, type UsersOrders, withNews } from "./orders-view.ts";
import type { Outcome } from "./outcome-view.ts";
import type { ShownSale } from "./shown-sale.ts";

/** What the page knows of a user. It ends with the user's session. */
interface Buying {
  user: SessionUser | undefined;
  token: string | undefined;
  /** Between the click and the answer: what is asked for, in words. */
  asking: string | undefined;
  reservation: Reservation | undefined;
  orders: UsersOrders;
  /** The buyer's place in the waiting line, as the server last told it. */
  place: WaitingPlace | undefined;
  /** The units that the buyer has besides those that this browser remembers, as far as a refusal told it. */
  unitsElsewhere: number;
  /** The message to show without a reservation. With one, its text stands before what is said of the reservation. */
  notice: Outcome | undefined;
}

const nobody: Readonly<Buying> = {
  user: undefined,
  token: undefined,
  asking: undefined,
  reservation: undefined,
  orders: noOrders,
  place: undefined,
  unitsElsewhere: 0,
  notice: undefined,
};

/** The state of the page; everything shown is derived from it. */
export const state: Buying & { sales: readonly ShownSale[]; offer: Offer | undefined } = {
  sales: [],
  offer: undefined,
  ...nobody,
};

let session = new AbortController();

/** Is aborted when the user logs out, when the session expires, and when another user logs in. */
export function currentSession(): AbortSignal {
  return session.signal;
}

export function forgetUser(): void {
  session.abort();
  session = new AbortController();
  Object.assign(state, nobody);
}

/** What the buyer holds of the shown product; undefined without a buyer. */
export function held(): HeldReservations | undefined {
  return state.offer && heldOf(state.offer.product.id);
}

function heldOf(productId: string): HeldReservations | undefined {
  return state.user && new HeldReservations(state.user.userID, productId);
}

export function unitsHeld(): number {
  return (held()?.units ?? 0) + state.unitsElsewhere;
}

/** How many more units the buyer may have. */
export function unitsLeft(): number {
  return (state.offer?.product.limitPerUser ?? 0) - unitsHeld();
}

/** Shows a reservation, and remembers it for each of its products: their pages show it too. */
export function keep(news: Reservation): void {
  state.reservation = remember(news);
  state.orders = withNews(state.orders, news);
}

/** What the server knows of the user's orders: they may have been made on another device. Returns the one to show. */
export function takeOrders(orders: UsersOrders): Reservation | undefined {
  state.orders = orders;
  // The browser remembers the oldest first.
  const remembered = orders.orders.toReversed().map(remember);
  const shown = state.offer?.product.id;
  const isOfShown = ({ productID, parts = [] }: Reservation): boolean =>
    productID === shown || parts.some((part) => part.productID === shown);
  return mostUrgent(remembered.filter((order) => holdsUnits(order) && isOfShown(order)));
}

/** Notes it for each of its products. Returns it with its quantity, which the server only tells once there is an order. */
function remember(news: Reservation): Reservation {
  const { parts, productID = state.offer?.product.id } = news;
  if (parts === undefined) return (productID && heldOf(productID)?.note(news)) || news;
  for (const part of parts) heldOf(part.productID)?.note({ ...news, quantity: part.quantity });
  return news;
}
