import type { Database } from "./database.ts";
import { EvictionPool } from "./eviction-pool.ts";
import type { Address } from "../memory/heap.ts";
import type { Keyspace } from "./keyspace.ts";
import { accessClockOf, expiryOf } from "../memory/record.ts";
import type { RecordIndex } from "../memory/record-index.ts";

/** maxmemory-policy, as it is understood. */
export interface EvictionPolicy {
  /** Which keys may go: none, those with an expiry, or all. */
  readonly among: "none" | "volatile" | "all";
  /** Which of them first: what was not used for longest, what is used least, what ends soonest, or any. */
  readonly by: "idleness" | "rarity" | "expiry" | "chance";
}

const orders = { lru: "idleness", lfu: "rarity", ttl: "expiry", random: "chance" } as const;

/** Reads a policy's name as redis.conf has it. */
export function evictionPolicy(name: string): EvictionPolicy {
  const [keys, order] = name.split("-") as [string, keyof typeof orders];
  if (order === undefined) return { among: "none", by: "chance" };
  return { among: keys === "allkeys" ? "all" : "volatile", by: orders[order] };
}

export interface EvictionPass {
  readonly policy: EvictionPolicy;
  /** Keys looked at, in each database, before one goes. */
  readonly samples: number;
  /** Bytes that the data may take. */
  readonly limitBytes: number;
  /** Whether the time that the pass may take is over. */
  readonly spent: () => boolean;
}

/** Whether the data is within its limit now, may yet come to be so, or cannot. */
export type EvictionOutcome = "enough" | "unfinished" | "exhausted";

/** Steps of freeing between two looks at the clock. */
const stepsPerLook = 16;
const slotsPerStep = 256;
/** More samples than these are not taken: all that counts of them are the best. */
const maxSamples = 1024;

/** Makes room when the data takes more memory than it may: removes the keys that the policy can best do without. */
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
   * What is given up already, but not free yet, comes first: large values that are freed bit by bit, and the smaller
   * table of an index that has just grown. Else more keys would go than need to. False when there is nothing such.
   */
  #finishFreeing({ limitBytes, spent }: EvictionPass): boolean {
    const keyspace = this.#keyspace;
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

  /** Chooses the key that goes, which is then `#victim`, and gives its database; undefined when none may go. */
  #databaseOfVictim(samples: number): Database | undefined {
    if (this.#policy.among === "none") return undefined;
    return this.#policy.by === "chance" ? this.#chooseAny() : this.#chooseBest(samples);
  }

  #candidates(database: Database): RecordIndex {
    return this.#policy.among === "all" ? database.keys : database.expires;
  }

  /** A random key of one database after the other, so that each gives its share. */
  #chooseAny(): Database | undefined {
    const { databases, environment } = this.#keyspace;
    for (let count = 0; count < databases.length; count++) {
      const database = databases[this.#nextDatabase++ % databases.length] as Database;
      this.#victim = this.#candidates(database).random(environment.random);
      if (this.#victim !== 0) return database;
    }
    return undefined;
  }

  #chooseBest(samples: number): Database | undefined {
    const { databases } = this.#keyspace;
    for (;;) {
      let found = 0;
      for (const database of databases) found += this.#sample(database, samples);
      if (found === 0) return undefined;
      for (let best = this.#pool.takeBest(); best !== undefined; best = this.#pool.takeBest()) {
        const database = databases[best.database] as Database;
        // Gone, moved to another place as it was changed, or used since: then it is not what it was chosen for.
        if (!this.#candidates(database).has(best.hash, best.address)) continue;
        if (this.#score(best.address) < best.score) continue;
        this.#victim = best.address;
        return database;
      }
    }
  }

  /** Offers some keys of a database to the pool; gives how many it has looked at. */
  #sample(database: Database, samples: number): number {
    const index = this.#candidates(database);
    if (index.size === 0) return 0;
    const hashes = this.#hashes;
    const addresses = this.#addresses;
    const found = index.sample(this.#keyspace.environment.random, samples, hashes, addresses);
    for (let at = 0; at < found; at++) {
      const address = addresses[at] as number;
      this.#pool.offer(database.number, hashes[at] as number, address, this.#score(address));
    }
    return found;
  }

  /** The higher, the better can the key be done without. */
  #score(address: Address): number {
    const { accessClock, heap } = this.#keyspace;
    if (this.#policy.by === "expiry") return -expiryOf(heap, address);
    const clock = accessClockOf(heap, address);
    return this.#policy.by === "rarity" ? -accessClock.frequency(clock) : accessClock.idleSeconds(clock);
  }
}
