import type { ProductRecord, SaleRecord } from "../domain/sale.ts";
import type { Waiter } from "../domain/waiter.ts";

/** A product with its sale, as a list's opening or closing leaves them. */
export interface ListedProduct {
  readonly sale: SaleRecord;
  readonly product: ProductRecord;
}

/** A product whose waiting list is open. */
export interface WaitingList extends ListedProduct {
  /** The highest sequence of the gate that has reached the ledger. A gate below it has lost data. */
  readonly sequence: number;
  /** How many wait. */
  readonly waiting: number;
  /** Whether the product is sold from several buckets, of which this is one. */
  readonly isSplit: boolean;
}

export interface JoinRequest {
  readonly productId: string;
  readonly userId: string;
  /** The product's version at the gate, whose list was open there. */
  readonly gateVersion: number;
  /** How long the offer may stay unpaid, in milliseconds. */
  readonly windowMs: number;
  /** Most who wait for the product, in all of its buckets. */
  readonly maxWaiting: number;
}

export type JoinOutcome =
  | { readonly kind: "joined" | "already"; readonly waiter: Waiter }
  /** The list was closed, or opened again, after the gate was asked: open it again. */
  | { readonly kind: "not_open" }
  | { readonly kind: "full" }
  /** The user holds as many units as one user may hold. */
  | { readonly kind: "limit_reached" };

/**
 * Those who wait for units that come back, in the order in which they came.
 *
 * A list is opened in three steps: `open` writes it down, the gate learns of it, `join` takes the first waiter in. So there
 * is no moment at which somebody waits and the gate gives a unit to somebody else.
 */
export interface LedgerWaiters {
  /** Opens the product's list, if it is not open yet. Undefined for an unknown product. */
  open(productId: string): Promise<ListedProduct | undefined>;
  /** Takes somebody in at the end of the list. Those who wait already keep their place. */
  join(request: JoinRequest): Promise<JoinOutcome>;
  /** Gives a place up. False when the user does not wait. */
  leave(productId: string, userId: string): Promise<boolean>;
  read(productId: string, userId: string): Promise<Waiter | undefined>;
  /** The places of all who wait for the product, the first one first: at most as many as may wait. */
  places(productId: string): Promise<number[]>;

  /** Open lists of products whose id is above `afterProductId`, in the order of ids. */
  lists(afterProductId: string, limit: number): Promise<WaitingList[]>;
  /** The first who wait behind a place, in their order. */
  next(productId: string, afterPlace: number, limit: number): Promise<Waiter[]>;
  /** Closes a list in which nobody waits. Undefined when somebody does, or when it is not open. */
  close(productId: string): Promise<ListedProduct | undefined>;
  /** Ends the wait of all, since the sale is over. Returns how many waited. */
  end(productId: string): Promise<number>;
  /** Ends the wait of a user who holds as many units as one user may hold. False when that is not so. */
  endOfLimit(productId: string, userId: string): Promise<boolean>;
  /** How many offers that were recorded after this moment, Unix milliseconds, are not paid, declined or expired yet. */
  countOpenOffers(sinceMs: number): Promise<number>;
}

/** Most who join in one transaction. */
export const maxJoinBatch = 200;
