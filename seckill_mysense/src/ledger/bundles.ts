import type { Bundle, BundleReason, BundleState } from "../domain/bundle.ts";
import type { Order } from "../domain/order.ts";

export interface BundleRecord extends Bundle {
  readonly state: BundleState;
  /** Why it is broken. */
  readonly reason?: BundleReason;
  /** The recorded parts, in the order of their numbers. Those of a complete bundle all have the same state. */
  readonly orders: readonly Order[];
}

export interface BundleFigures {
  readonly collecting: number;
  /** When the first part of the oldest of them was recorded, Unix milliseconds; undefined when there is none. */
  readonly oldestCollectingMs: number | undefined;
  /** Broken bundles that may still hold units. */
  readonly unreleased: number;
  /** When the first of them broke. */
  readonly oldestUnreleasedMs: number | undefined;
}

/**
 * Bundles: several reservations, each of another product of one sale, of which the ledger keeps all or none. Parts are
 * recorded by `LedgerOrders.record`, as any reservation. The transaction that records the last one completes the bundle.
 */
export interface LedgerBundles {
  /**
   * Breaks a bundle that is not complete: its recorded parts are released by the next sweep, and those that come later
   * are rejected. A bundle of which nothing is recorded yet is written down as broken. Gives the bundle's state after
   * that: a complete one stays complete.
   */
  giveUp(bundle: Bundle, reason: BundleReason): Promise<BundleState>;
  /** Undefined while no part of it has reached the ledger. */
  read(bundleId: string): Promise<BundleRecord | undefined>;
  /** Many at once (at most `maxBundleReads`), for those that are in the ledger. */
  readMany(bundleIds: readonly string[]): Promise<Map<string, BundleRecord>>;
  /** Breaks up to `limit` bundles whose last part did not come before this moment; returns how many. */
  breakOverdue(nowMs: number, limit: number): Promise<number>;
  /** Releases the recorded parts of up to `limit` broken bundles: each gets a return. Returns how many bundles. */
  releaseBroken(limit: number): Promise<number>;
  figures(): Promise<BundleFigures>;
}

/** Most bundles in one call of `readMany`. */
export const maxBundleReads = 500;
