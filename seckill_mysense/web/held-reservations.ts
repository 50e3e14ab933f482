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

  get count(): number {
    return this.#ids().length;
  }

  /** Remembers a reservation, or forgets it when its unit has gone back. */
  note({ reservation, status }: Reservation): void {
    const others = this.#ids().filter((id) => id !== reservation);
    const ids = released.has(status) ? others : [...others, reservation];
    localStorage.setItem(this.#key, JSON.stringify(ids.slice(-maxRemembered)));
  }

  /** Reads what became of all of them. Resolves with the one to show: one that is not settled before one that is paid. */
  async readAll(): Promise<Reservation | undefined> {
    const read = await Promise.all(this.#ids().map((id) => readReservation(id, this.#productId)));
    const known = read.filter((reservation) => reservation !== undefined);
    for (const reservation of known) this.note(reservation);
    return known.findLast(({ status }) => status !== "paid") ?? known.at(-1);
  }

  #ids(): string[] {
    try {
      const ids: unknown = JSON.parse(localStorage.getItem(this.#key) ?? "[]");
      return Array.isArray(ids) ? ids.filter((id) => typeof id === "string") : [];
    } catch {
      return [];
    }
  }
}
