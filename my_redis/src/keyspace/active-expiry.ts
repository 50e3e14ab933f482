import type { Database } from "./database.ts";
import { expireFields } from "./field-expiry.ts";
import { earliestFieldTime } from "./field-times.ts";
import type { Address } from "../memory/heap.ts";
import type { Keyspace } from "./keyspace.ts";
import * as record from "../memory/record.ts";

/** How much one pass does; see `effortLimits`. */
interface EffortLimits {
  /** Keys looked at before the share of expired keys among them is checked. */
  readonly keysPerLoop: number;
  /** With a smaller share of expired keys than this, 0 to 1, the pass goes on to the next database. */
  readonly acceptableShare: number;
  /** The part of the time between two passes, 0 to 1, that a pass may take. */
  readonly timeShare: number;
}

/** Buckets of the index looked at in one loop for each key, even if they are empty. */
const bucketsPerKey = 20;

/** Fields of one hash removed between two looks at the clock. */
const fieldsPerLook = 64;

/** Redis's figures for active-expire-effort 1 to 10. */
export function effortLimits(effort: number): EffortLimits {
  const extra = effort - 1;
  return {
    keysPerLoop: 20 + 5 * extra,
    acceptableShare: (10 - extra) / 100,
    timeShare: (25 + 2 * extra) / 100,
  };
}

export interface ExpiryPass {
  readonly effort: number;
  readonly nowMs: number;
  /** Whether the pass has used up its time. */
  readonly spent: () => boolean;
}

/** The result of a pass. Hashes of which only fields have expired do not count. */
export interface ExpiryResult {
  readonly looked: number;
  readonly expired: number;
  readonly timedOut: boolean;
}

/**
 * Removes expired keys, and expired fields of hashes, that no client asks for. Each pass continues where the last one
 * stopped, through the keys with an expiry of one database after the other. It stays in a database while many of the
 * keys there have expired. So memory is freed about as fast as keys expire, and little time is spent where few keys
 * expire.
 */
export class ActiveExpiry {
  /** DEBUG SET-ACTIVE-EXPIRE. */
  enabled = true;
  readonly #keyspace: Keyspace;
  /** Where the walk through each database's keys continues. */
  readonly #cursors: number[] = [];
  /** The same for hashes whose fields may have times. */
  readonly #hashCursors: number[] = [];
  #nextDatabase = 0;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  run(pass: ExpiryPass): ExpiryResult {
    const { databases, expires, keepsExpiredKeys, removesExpired } = this.#keyspace;
    let looked = 0;
    let expired = 0;
    if (!this.enabled || !expires || !removesExpired) return { looked, expired, timedOut: false };
    const limits = effortLimits(pass.effort);
    for (let count = 0; count < databases.length; count++) {
      const database = databases[this.#nextDatabase] as Database;
      this.#nextDatabase = (this.#nextDatabase + 1) % databases.length;
      while (database.expires.size > 0 && !keepsExpiredKeys) {
        const found = this.#loop(database, limits.keysPerLoop, pass.nowMs);
        looked += found.looked;
        expired += found.expired;
        if (pass.spent()) return { looked, expired, timedOut: true };
        if (found.expired <= found.looked * limits.acceptableShare) break;
      }
      if (this.#runFields(database, limits, pass)) return { looked, expired, timedOut: true };
    }
    return { looked, expired, timedOut: false };
  }

  /** The same for fields of the database's hashes. True when the pass has used up its time. */
  #runFields(database: Database, limits: EffortLimits, pass: ExpiryPass): boolean {
    while (database.timedHashes.size > 0) {
      const { looked, due } = this.#dueHashes(database, limits.keysPerLoop, pass.nowMs);
      for (const address of due) {
        if (this.#expireFields(database, address, pass)) return true;
      }
      if (pass.spent()) return true;
      if (due.length <= looked * limits.acceptableShare) break;
    }
    return false;
  }

  /** Looks at some hashes of a database, and gives those with expired fields. */
  #dueHashes(database: Database, hashes: number, nowMs: number): { looked: number; due: Address[] } {
    const due: Address[] = [];
    let looked = 0;
    let cursor = this.#hashCursors[database.number] ?? 0;
    for (let buckets = 0; buckets < hashes * bucketsPerKey && looked < hashes; buckets++) {
      cursor = database.timedHashes.scan(cursor, (address) => {
        looked++;
        if (earliestFieldTime(this.#keyspace, address) <= nowMs && database.isVisible(address)) due.push(address);
      });
      if (cursor === 0) break;
    }
    this.#hashCursors[database.number] = cursor;
    return { looked, due };
  }

  /** Removes the expired fields of one hash. True when the pass has used up its time before all are removed. */
  #expireFields(database: Database, hash: Address, pass: ExpiryPass): boolean {
    for (let address = hash; ;) {
      const result = expireFields(database, address, pass.nowMs, fieldsPerLook);
      if (result.address === 0 || result.removed < fieldsPerLook) return false;
      if (pass.spent()) return true;
      address = result.address;
    }
  }

  /** Looks at some keys of a database, and removes the expired ones. */
  #loop(database: Database, keys: number, nowMs: number): { looked: number; expired: number } {
    const { heap } = this.#keyspace;
    const over: Address[] = [];
    let looked = 0;
    let cursor = this.#cursors[database.number] ?? 0;
    for (let buckets = 0; buckets < keys * bucketsPerKey && looked < keys; buckets++) {
      cursor = database.expires.scan(cursor, (address) => {
        looked++;
        if (record.expiryOf(heap, address) <= nowMs && database.isVisible(address)) over.push(address);
      });
      if (cursor === 0) break;
    }
    this.#cursors[database.number] = cursor;
    // Only now: the index must not change while it is walked.
    for (const address of over) database.expire(address);
    return { looked, expired: over.length };
  }
}
