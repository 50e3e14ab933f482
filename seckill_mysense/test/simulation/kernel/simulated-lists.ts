import type { Flaw } from "./flaws.ts";
import type { ProductRow } from "./product-row.ts";

export interface WaiterRow {
  readonly productId: string;
  readonly userId: string;
  readonly place: number;
  state: "waiting" | "offered" | "left" | "limit_reached";
  reservationId: string;
}

export interface ListsSurroundings {
  has(flaw: Flaw): boolean;
  product(productId: string): ProductRow;
  /** How many units the user holds by the ledger. */
  held(productId: string, userId: string): number;
  /** A reservation for an offer, which no other offer has. */
  newOffer(): string;
  /** The revision of a change. */
  nextRevision(): number;
}

export const offerWindowMs = 1_500;

export function isOffer(reservationId: string): boolean {
  return reservationId.startsWith("offer");
}

/** The ledger's waiting lists. Each method is one transaction, under the lock of its product. */
export class SimulatedLists {
  /** Everybody who ever waited, the first one first. */
  readonly waiters: WaiterRow[] = [];
  readonly #world: ListsSurroundings;
  #places = 0;

  constructor(world: ListsSurroundings) {
    this.#world = world;
  }

  waiting(productId: string): WaiterRow[] {
    return this.waiters.filter((row) => row.productId === productId && row.state === "waiting");
  }

  find(reservationId: string): WaiterRow | undefined {
    return this.waiters.find((row) => row.reservationId === reservationId);
  }

  open(productId: string): ProductRow {
    const product = this.#world.product(productId);
    if (product.waitingSince === undefined) product.waitingSince = product.version = this.#world.nextRevision();
    return { ...product };
  }

  /** Closes a list in which nobody waits. */
  close(productId: string): ProductRow | undefined {
    const product = this.#world.product(productId);
    const mayClose = this.waiting(productId).length === 0 || this.#world.has("a list is closed while somebody waits");
    if (product.waitingSince === undefined || !mayClose || this.#world.has("a list is never closed")) return undefined;
    product.waitingSince = undefined;
    product.version = this.#world.nextRevision();
    return { ...product };
  }

  join(productId: string, userId: string, gateVersion: number): WaiterRow | "not_open" | "limit_reached" {
    const known = this.waiting(productId).find((row) => row.userId === userId);
    if (known !== undefined) return known;
    const { waitingSince, limitPerUser } = this.#world.product(productId);
    const isOpen = waitingSince !== undefined && waitingSince <= gateVersion;
    if (!isOpen && !this.#world.has("somebody joins a list that was closed meanwhile")) return "not_open";
    if (this.#world.held(productId, userId) >= limitPerUser) return "limit_reached";
    const place = ++this.#places;
    const row: WaiterRow = { productId, userId, place, state: "waiting", reservationId: this.#world.newOffer() };
    this.waiters.push(row);
    return row;
  }

  /** The place that the user had, and for which there is no offer any more. */
  leave(productId: string, userId: string): number | undefined {
    const row = this.waiting(productId).find((waiter) => waiter.userId === userId);
    if (row !== undefined) row.state = "left";
    return row?.place;
  }

  endOfLimit(productId: string, userId: string): void {
    const { limitPerUser } = this.#world.product(productId);
    const row = this.waiting(productId).find((waiter) => waiter.userId === userId);
    if (row !== undefined && this.#world.held(productId, userId) >= limitPerUser) row.state = "limit_reached";
  }

  /** Whether an offer may become an order: its waiter still waits. */
  mayRecord(reservationId: string): boolean {
    if (!isOffer(reservationId) || this.#world.has("an offer to somebody who has left is recorded")) return true;
    return this.find(reservationId)?.state === "waiting";
  }

  recorded(reservationId: string): void {
    const row = this.find(reservationId);
    if (row?.state === "waiting") row.state = "offered";
  }

  rejected(reservationId: string, isOfLimit: boolean): void {
    const row = this.find(reservationId);
    if (row?.state !== "waiting") return;
    if (isOfLimit) row.state = "limit_reached";
    else row.reservationId = this.#world.newOffer();
  }
}
