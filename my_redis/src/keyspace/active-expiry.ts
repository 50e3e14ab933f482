import type { Database } from "./database.ts";
import { expireFields } from "./field-expiry.ts";
import { earliestFieldTime } from "./field-times.ts";
import type { Address } from "../memory/heap.ts";
import type { Keyspace } from "./keyspace.ts";
import * as record from "../memory/record.ts";

/** How hard one pass works; see `effortLimits`. */
interface EffortLimits {
  /** Keys looked at before the share of expired ones among them is judged. */
  readonly keysPerLoop: number;
  /** The share of expired keys, of 1, that is left to be found by whoever asks for them. */
  readonly acceptableShare: number;
  /** Part of the time between two passes, of 1, that a pass may take. */
  readonly timeShare: number;
}

/** Buckets of the index looked at in one loop, however few entries are in them. */
const bucketsPerKey = 20;

/** Fields of one hash removed before the clock is looked at. */
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
  /** Whether the time that the pass may take is over. */
  readonly spent: () => boolean;
}

/** What a pass met. Hashes of which only fields have expired do not count. */
export interface ExpiryResult {
  readonly looked: number;
  readonly expired: number;
  readonly timedOut: boolean;
}

/**
 * Removes keys and fields of hashes whose time is over and that nobody asks for. Each pass goes on where the last one stopped, through the
 * keys with an expiry of one database after the other, and stays with a database while many of the keys it meets have
 * expired: memory is freed about as fast as keys expire, and little time is spent where few do.
 */
export class ActiveExpiry {
  /** DEBUG SET-ACTIVE-EXPIRE. */
  enabled = true;
  readonly #keyspace: Keyspace;
  /** Where the walk through each database's keys stands. */
  readonly #cursors: number[] = [];
  /** The same for the hashes whose fields may have times. */
  readonly #hashCursors: number[] = [];
  #nextDatabase = 0;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  run(pass: ExpiryPass): ExpiryResult {
    const { databases, expires } = this.#keyspace;
    let looked = 0;
    let expired = 0;
    if (!this.enabled || !expires) return { looked, expired, timedOut: false };
    const limits = effortLimits(pass.effort);
    for (let count = 0; count < databases.length; count++) {
      const database = databases[this.#nextDatabase] as Database;
      this.#nextDatabase = (this.#nextDatabase + 1) % databases.length;
      while (database.expires.size > 0) {
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

  /** The same for fields of the database's hashes. True when the time is over. */
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

  /** Looks at some hashes of a database, and gives those with fields whose time is over. */
  #dueHashes(database: Database, hashes: number, nowMs: number): { looked: number; due: Address[] } {
    const due: Address[] = [];
    let looked = 0;
    let cursor = this.#hashCursors[database.number] ?? 0;
    for (let buckets = 0; buckets < hashes * bucketsPerKey && looked < hashes; buckets++) {
      cursor = database.timedHashes.scan(cursor, (address) => {
        looked++;
        if (earliestFieldTime(this.#keyspace, address) <= nowMs) due.push(address);
      });
      if (cursor === 0) break;
    }
    this.#hashCursors[database.number] = cursor;
    return { looked, due };
  }

  /** Removes the fields of one hash whose time is over. True when the time of the pass is over before that is done. */
  #expireFields(database: Database, hash: Address, pass: ExpiryPass): boolean {
    for (let address = hash; ;) {
      const result = expireFields(database, address, pass.nowMs, fieldsPerLook);
      if (result.address === 0 || result.removed < fieldsPerLook) return false;
      if (pass.spent()) return true;
      address = result.address;
    }
  }

  /** Looks at some keys of a database, and removes those whose time is over. */
  #loop(database: Database, keys: number, nowMs: number): { looked: number; expired: number } {
    const { heap } = this.#keyspace;
    const over: Address[] = [];
    let looked = 0;
    let cursor = this.#cursors[database.number] ?? 0;
    for (let buckets = 0; buckets < keys * bucketsPerKey && looked < keys; buckets++) {
      cursor = database.expires.scan(cursor, (address) => {
        looked++;
        if (record.expiryOf(heap, address) <= nowMs) over.push(address);
      });
      if (cursor === 0) break;
    }
    this.#cursors[database.number] = cursor;
    // The index must not change while it is walked.
    for (const address of over) database.expire(address);
    return { looked, expired: over.length };
  }
}
