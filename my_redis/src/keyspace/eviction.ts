import type { Database } from "./database.ts";
import { EvictionPool } from "./eviction-pool.ts";
import type { Address } from "../memory/heap.ts";
import type { Keyspace } from "./keyspace.ts";
import { accessClockOf, expiryOf } from "../memory/record.ts";
import type { RecordIndex } from "../memory/record-index.ts";

/** The parts of maxmemory-policy. */
export interface EvictionPolicy {
  /** Which keys may be evicted: no key, keys with an expiry, or all keys. */
  readonly among: "none" | "volatile" | "all";
  /**
   * Which of them goes first: the key not used for the longest time, the least used, the one that expires first, or
   * any.
   */
  readonly by: "idleness" | "rarity" | "expiry" | "chance";
}

const orders = { lru: "idleness", lfu: "rarity", ttl: "expiry", random: "chance" } as const;

/** Reads a policy's name as it is in redis.conf. */
export function evictionPolicy(name: string): EvictionPolicy {
  const [keys, order] = name.split("-") as [string, keyof typeof orders];
  if (order === undefined) return { among: "none", by: "chance" };
  return { among: keys === "allkeys" ? "all" : "volatile", by: orders[order] };
}

export interface EvictionPass {
  readonly policy: EvictionPolicy;
  /** Keys looked at in each database before one is evicted. */
  readonly samples: number;
  /** Bytes that the data may take. */
  readonly limitBytes: number;
  /** Whether the pass has used up its time. */
  readonly spent: () => boolean;
}

/** Whether the data is within its limit now, may be after another pass, or cannot be. */
export type EvictionOutcome = "enough" | "unfinished" | "exhausted";

/** Steps of freeing between two looks at the clock. */
const stepsPerLook = 16;
const slotsPerStep = 256;
/** No more samples than these are taken: only the best of them count. */
const maxSamples = 1024;
/** So often only keys of other nodes may be met before there seem to be no others. */
const maxTries = 100;

/** Frees memory when the data exceeds its limit: evicts the keys that the policy prefers. */
export class Eviction {
  readonly #keyspace: Keyspace;
  readonly #pool = new EvictionPool();
  #policy: EvictionPolicy = evictionPolicy("noeviction");
  // One sample: hashes and addresses.
  readonly #hashes = new Int32Array(maxSamples);
  readonly #addresses = new Int32Array(maxSamples);
  #nextDatabase = 0;
  #victim: Address = 0;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  run(pass: EvictionPass): EvictionOutcome {
    const keyspace = this.#keyspace;
    if (pass.policy !== this.#policy) this.#pool.clear();
    this.#policy = pass.policy;
    for (let step = 1; keyspace.usedBytes > pass.limitBytes; step++) {
      if (step % stepsPerLook === 0 && pass.spent()) return "unfinished";
      if (this.#finishFreeing(pass)) continue;
      const database = this.#databaseOfVictim(Math.min(pass.samples, maxSamples));
      if (database === undefined) return "exhausted";
      database.evict(this.#victim);
    }
    return "enough";
  }

  /**
   * Memory that is about to be freed comes first: large values that are freed in steps, and the old table of an index
   * that has just grown. Otherwise too many keys would be evicted. False when there is no such memory.
   */
  #finishFreeing({ limitBytes, spent }: EvictionPass): boolean {
    const keyspace = this.#keyspace;
    // A snapshot keeps large values that were removed until it has written them.
    if (keyspace.snapshot?.takeRemoved(spent) === true) return true;
    if (keyspace.pendingReleases > 0) {
      keyspace.releaseSome(() => keyspace.usedBytes <= limitBytes || spent());
      return true;
    }
    for (const { keys, expires } of keyspace.databases) {
      const index = keys.resizing ? keys : expires;
      if (!index.resizing) continue;
      index.migrate(slotsPerStep);
      return true;
    }
    return false;
  }

  /** Chooses the next key, sets `#victim`, and gives the key's database; undefined when no key may be evicted. */
  #databaseOfVictim(samples: number): Database | undefined {
    if (this.#policy.among === "none") return undefined;
    return this.#policy.by === "chance" ? this.#chooseAny() : this.#chooseBest(samples);
  }

  #candidates(database: Database): RecordIndex {
    return this.#policy.among === "all" ? database.keys : database.expires;
  }

  /** A random key of one database after the other, so that keys of each database are evicted. */
  #chooseAny(): Database | undefined {
    const { databases, environment } = this.#keyspace;
    for (let count = 0; count < databases.length; count++) {
      const database = databases[this.#nextDatabase++ % databases.length] as Database;
      if (this.#chooseFrom(database, environment.random)) return database;
    }
    return undefined;
  }

  #chooseFrom(database: Database, random: () => number): boolean {
    for (let tries = 0; tries < maxTries; tries++) {
      this.#victim = this.#candidates(database).random(random);
      if (this.#victim === 0) return false;
      if (database.isVisible(this.#victim)) return true;
    }
    return false;
  }

  #chooseBest(samples: number): Database | undefined {
    const { databases } = this.#keyspace;
    for (let tries = 0; tries < maxTries; tries++) {
      let found = 0;
      for (const database of databases) found += this.#sample(database, samples);
      if (found === 0) return undefined;
      for (let best = this.#pool.takeBest(); best !== undefined; best = this.#pool.takeBest()) {
        const database = databases[best.database] as Database;
        // The key is gone, has moved because it was changed, or was used since: it is no longer the best choice.
        if (!this.#candidates(database).has(best.hash, best.address)) continue;
        if (this.#score(best.address) < best.score || !database.isVisible(best.address)) continue;
        this.#victim = best.address;
        return database;
      }
    }
    return undefined;
  }

  /** Offers some keys of a database to the pool; gives their number. */
  #sample(database: Database, samples: number): number {
    const index = this.#candidates(database);
    if (index.size === 0) return 0;
    const hashes = this.#hashes;
    const addresses = this.#addresses;
    const found = index.sample(this.#keyspace.environment.random, samples, hashes, addresses);
    for (let at = 0; at < found; at++) {
      const address = addresses[at] as number;
      if (!database.isVisible(address)) continue;
      this.#pool.offer(database.number, hashes[at] as number, address, this.#score(address));
    }
    return found;
  }

  /** The score of a key: the higher, the sooner it should be evicted. */
  #score(address: Address): number {
    const { accessClock, heap } = this.#keyspace;
    if (this.#policy.by === "expiry") return -expiryOf(heap, address);
    const clock = accessClockOf(heap, address);
    return this.#policy.by === "rarity" ? -accessClock.frequency(clock) : accessClock.idleSeconds(clock);
  }
}
