import type { Reservation } from "../src/contract/reservations.ts";
import { readReservation } from "./purchase.ts";

/** The most reservations of one product that the page remembers. */
const maxRemembered = 32;
const released: ReadonlySet<Reservation["status"]> = new Set([
  "cancelled",
  "expired",
  "refund_due",
  "refunded",
  "lost",
  "rejected",
]);

/** The one of some reservations, the oldest first, to show: one that is not settled before one that is paid. */
export function mostUrgent(all: readonly Reservation[]): Reservation | undefined {
  return all.findLast(({ status }) => status !== "paid") ?? all.at(-1);
}

/** Whether its units have not gone back. */
export const holdsUnits = ({ status }: Reservation): boolean => !released.has(status);

/** A reservation in the browser's storage. */
interface Held {
  readonly reservation: string;
  readonly quantity: number;
}

/**
 * The reservations that a buyer made for one product on this device, the oldest first. They are kept in the browser's
 * storage, so that they survive a reload.
 */
export class HeldReservations {
  readonly #key: string;
  readonly #productId: string;

  constructor(userId: string, productId: string) {
    this.#key = `reservations/${userId}/${productId}`;
    this.#productId = productId;
  }

  /** How many units they are for. */
  get units(): number {
    return this.#all().reduce((sum, { quantity }) => sum + quantity, 0);
  }

  /**
   * Remembers a reservation, or forgets it when its units have gone back. Returns it with its quantity, which the server
   * only tells once there is an order.
   */
  note(news: Reservation): Reservation {
    const { reservation } = news;
    const all = this.#all();
    const known = all.find((held) => held.reservation === reservation);
    const quantity = news.quantity ?? known?.quantity ?? 1;
    const others = all.filter((held) => held !== known);
    const held = holdsUnits(news) ? [...others, { reservation, quantity }] : others;
    localStorage.setItem(this.#key, JSON.stringify(held.slice(-maxRemembered)));
    return { ...news, quantity };
  }

  /** Reads what became of all of them. Resolves with the one to show. */
  async readAll(): Promise<Reservation | undefined> {
    const read = await Promise.all(this.#all().map(({ reservation }) => readReservation(reservation, this.#productId)));
    const known = read.filter((reservation) => reservation !== undefined).map((reservation) => this.note(reservation));
    return mostUrgent(known);
  }

  #all(): Held[] {
    try {
      const stored: unknown = JSON.parse(localStorage.getItem(this.#key) ?? "[]");
      return Array.isArray(stored) ? stored.map(heldOf).filter((held) => held !== undefined) : [];
    } catch {
      return [];
    }
  }
}

/** Undefined for anything else. An earlier version of this page stored the id alone, for one unit. */
function heldOf(stored: unknown): Held | undefined {
  if (typeof stored === "string") return { reservation: stored, quantity: 1 };
  const { reservation, quantity } = (stored ?? {}) as Partial<Record<keyof Held, unknown>>;
  const isHeld = typeof reservation === "string" && typeof quantity === "number" && quantity >= 1;
  return isHeld ? { reservation, quantity } : undefined;
}
