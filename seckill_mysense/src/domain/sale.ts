import type { RoomSettings } from "./room.ts";

/** A flash sale: one window of time in which its products are sold. Times are Unix milliseconds. */
export interface Sale {
  readonly id: string;
  readonly title: string;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  /** The waiting room through which all buyers come; undefined in a sale without one. */
  readonly room?: RoomSettings | undefined;
  /** Whether only users with an invitation code buy. */
  readonly invitedOnly?: true | undefined;
}

/** Most units of one product: nobody has so many, and sums over all products of a sale stay exact. */
export const maxUnits = 1_000_000_000;
/** The highest price of a unit: the amount of the largest bundle stays exact. */
export const maxPriceMinor = 1_000_000_000_000;
/** Every sale is over by then: a later time is a slip of the hand. */
export const latestEndMs = Date.UTC(2100, 0, 1);

export function describeLateEnd(endsAtMs: number): string {
  const [end, latest] = [endsAtMs, latestEndMs].map((ms) => new Date(ms).toISOString());
  return `ends_at is ${end}, but must not be after ${latest}`;
}

/** A draft is not sold yet; a cancelled sale is sold no more, and its orders are released. */
export type SaleState = "draft" | "published" | "cancelled";

/** A sale as the ledger keeps it. */
export interface SaleRecord extends Sale {
  readonly state: SaleState;
  /** Nothing of the sale is sold until it is resumed. */
  readonly paused: boolean;
  /** Counts the changes of the sale and its products, from 1. */
  readonly version: number;
}

/** One product of one sale. The product id is unique in the whole system, because `/check` names only that. */
export interface SaleProduct {
  readonly id: string;
  readonly saleId: string;
  readonly name: string;
  /** Price in the currency's smallest unit (cents). */
  readonly priceMinor: number;
  readonly currency: string;
  /** All units for sale. */
  readonly total: number;
  /** Active units that one user may hold. */
  readonly limitPerUser: number;
  /** Generation of the gate's state: raised whenever the gate is rebuilt from the ledger. Starts at 1. */
  readonly epoch: number;
}

/** A product as the ledger keeps it. */
export interface ProductRecord extends SaleProduct {
  /** Whether only this product is paused. */
  readonly paused: boolean;
  /**
   * The ledger's revision at the last change of the product or its sale. It only grows, and the gate applies each one at
   * most once.
   */
  readonly revision: number;
  /** Units that are to be taken out of the sale: the gate gives them up first. */
  readonly lowering: Lowering | undefined;
  /**
   * The revision at which the waiting list was opened. Until it is closed, units that come back are offered to those who
   * wait, and nobody else gets one. Undefined while there is no list.
   */
  readonly waitingSince?: number | undefined;
}

export interface Lowering {
  readonly total: number;
  /** The bucket of the same product that gets the units; undefined when they leave the sale. */
  readonly to?: string;
  /** The revision at which it was asked for. */
  readonly since: number;
}

/** Whether units are to leave the sale; those of a move stay in it. */
export function isLeaving(lowering: Lowering | undefined): lowering is Lowering {
  return lowering !== undefined && lowering.to === undefined;
}

export interface SaleContent {
  readonly sale: SaleRecord;
  /** In the order of their ids. */
  readonly products: readonly ProductRecord[];
}

/** Buyers may ask about their reservations for this long after the end of their sale; then gateways forget the sale. */
export const knownAfterEndMs = 7 * 24 * 60 * 60 * 1_000;

/**
 * How long after the end of its sale a product's gate is looked after: compared with the ledger, and rebuilt if it has
 * lost data. Units that come back still need it then, and so do buyers who ask about their reservations.
 */
export const repairedAfterEndMs = 24 * 60 * 60 * 1_000;
