import { describe, expect, test } from "bun:test";
import type { Database } from "../../src/keyspace/database.ts";
import { Eviction, type EvictionOutcome, evictionPolicy } from "../../src/keyspace/eviction.ts";
import { RecordTable } from "../../src/memory/record-table.ts";
import * as record from "../../src/memory/record.ts";
import { newKeyspace } from "./new-keyspace.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const noExpiry = -1;

/** A keyspace whose clock the test sets, and whose random numbers are always the same. */
class Scene {
  nowMs = 1_700_000_000_000;
  #seed = 42;
  readonly keyspace = newKeyspace({
    databases: 3,
    nowMs: () => this.nowMs,
    random: () => (this.#seed = (this.#seed * 48_271) % 2_147_483_647) / 2_147_483_647,
  });
  readonly eviction = new Eviction(this.keyspace);
  readonly #policy;

  constructor(policy: string) {
    this.#policy = evictionPolicy(policy);
    this.keyspace.accessClock.countsAccesses = policy.endsWith("lfu");
  }

  get database(): Database {
    return this.keyspace.database(0);
  }

  /** Creates keys `<prefix><number>`. `expiryMs` returns the expiry of each. */
  fill(prefix: string, count: number, expiryMs: (number: number) => number = () => noExpiry, database = 0): void {
    const value = bytes("some value");
    for (let number = 0; number < count; number++) {
      const key = bytes(`${prefix}${number}`);
      const target = this.keyspace.database(database);
      target.setString(key, 0, key.length, value, 0, value.length, record.encoding.embedded, expiryMs(number));
    }
  }

  use(prefix: string, count: number): void {
    for (let number = 0; number < count; number++) {
      const key = bytes(`${prefix}${number}`);
      this.keyspace.touch(this.database.find(key, 0, key.length));
    }
  }

  left(prefix: string, from: number, to: number, database = 0): number {
    let count = 0;
    for (let number = from; number < to; number++) {
      const key = bytes(`${prefix}${number}`);
      if (this.keyspace.database(database).find(key, 0, key.length) !== 0) count++;
    }
    return count;
  }

  /** Evicts until the data uses at most this many bytes. */
  free(limitBytes: number, spent: () => boolean = () => false): EvictionOutcome {
    return this.eviction.run({ policy: this.#policy, samples: 5, limitBytes, spent });
  }

  /** Evicts about this many keys, because the pass checks its clock only from time to time. */
  take(keys: number): void {
    const { statistics } = this.keyspace;
    const before = statistics.evicted;
    this.free(0, () => statistics.evicted - before >= keys);
  }
}

describe("eviction", () => {
  test("by LRU evicts keys that have not been used for long, and keeps those in use", () => {
    const scene = new Scene("allkeys-lru");
    scene.fill("cold", 9000);
    scene.fill("hot", 1000);
    for (let round = 0; round < 20; round++) {
      scene.nowMs += 1000;
      scene.use("hot", 1000);
      scene.take(200);
    }
    expect(scene.keyspace.statistics.evicted).toBeGreaterThan(3500);
    expect(scene.left("hot", 0, 1000)).toBeGreaterThan(990);
    expect(scene.left("cold", 0, 9000)).toBeLessThan(5500);
  });

  test("by LRU approximates the order of last use", () => {
    const scene = new Scene("allkeys-lru");
    for (let batch = 0; batch < 100; batch++) {
      scene.fill(`batch${batch}:`, 100);
      scene.nowMs += 10_000;
    }
    scene.take(5000);
    const left = Array.from({ length: 100 }, (_, batch) => scene.left(`batch${batch}:`, 0, 100));
    const sum = (from: number, to: number): number => left.slice(from, to).reduce((total, count) => total + count, 0);
    expect(sum(0, 25)).toBeLessThan(250);
    expect(sum(75, 100)).toBeGreaterThan(2250);
  });

  test("by LFU evicts rarely used keys, however recently used, and keeps often used ones", () => {
    const scene = new Scene("allkeys-lfu");
    scene.fill("cold", 9000);
    scene.fill("hot", 1000);
    scene.keyspace.accessClock.logFactor = 1;
    for (let round = 0; round < 60; round++) scene.use("hot", 1000);
    scene.nowMs += 120_000;
    scene.use("cold", 9000);
    scene.take(4000);
    expect(scene.left("hot", 0, 1000)).toBeGreaterThan(980);
    expect(scene.left("cold", 0, 9000)).toBeLessThan(5500);
  });

  test("by LFU evicts keys that were used often, but long ago", () => {
    const scene = new Scene("allkeys-lfu");
    scene.fill("once", 1000);
    for (let round = 0; round < 60; round++) scene.use("once", 1000);
    scene.nowMs += 60 * 60_000;
    scene.fill("now", 1000);
    scene.use("now", 1000);
    scene.take(500);
    expect(scene.left("now", 0, 1000)).toBeGreaterThan(980);
  });

  test("by TTL evicts the keys that expire first", () => {
    const scene = new Scene("volatile-ttl");
    scene.fill("lasting", 1000);
    // The expiries are in mixed order.
    const rank = (number: number): number => (number * 7919) % 4000;
    scene.fill("ending", 4000, (number) => scene.nowMs + 100_000 + rank(number) * 1000);
    scene.take(2000);
    const left = Array.from({ length: 4000 }, (_, number) => number).filter(
      (number) => scene.left("ending", number, number + 1) === 1,
    );
    const share = (from: number, to: number): number =>
      left.filter((number) => rank(number) >= from && rank(number) < to).length / (to - from);
    expect(share(0, 1000)).toBeLessThan(0.05);
    expect(share(3000, 4000)).toBeGreaterThan(0.95);
    expect(scene.left("lasting", 0, 1000)).toBe(1000);
  });

  for (const policy of ["volatile-lru", "volatile-lfu", "volatile-ttl", "volatile-random"]) {
    test(`by ${policy} keeps keys without an expiry, and reports when no others are left`, () => {
      const scene = new Scene(policy);
      scene.fill("lasting", 500);
      scene.fill("ending", 500, () => scene.nowMs + 100_000);
      expect(scene.free(1)).toBe("exhausted");
      expect([scene.left("lasting", 0, 500), scene.database.expires.size]).toEqual([500, 0]);
    });
  }

  for (const policy of ["allkeys-random", "volatile-random"]) {
    test(`by ${policy} evicts about equally from each database`, () => {
      const scene = new Scene(policy);
      for (const number of [0, 1, 2]) scene.fill("key", 2000, () => scene.nowMs + 100_000, number);
      scene.take(3000);
      const sizes = scene.keyspace.databases.map(({ size }) => size);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    });
  }

  test("evicts the best candidates of all databases", () => {
    const scene = new Scene("allkeys-lru");
    scene.fill("old", 500, () => noExpiry, 2);
    scene.nowMs += 100_000;
    scene.fill("new", 5000);
    scene.take(300);
    expect(scene.left("old", 0, 500, 2)).toBeLessThan(250);
    expect(scene.left("new", 0, 5000)).toBeGreaterThan(4980);
  });

  test("evicts nothing under noeviction, and nothing when there is room", () => {
    const none = new Scene("noeviction");
    none.fill("key", 100);
    expect(none.free(1)).toBe("exhausted");
    const enough = new Scene("allkeys-lru");
    enough.fill("key", 100);
    expect(enough.free(enough.keyspace.usedBytes)).toBe("enough");
    expect([none.database.size, enough.database.size]).toEqual([100, 100]);
  });

  test("stops after a few keys when its time is used up", () => {
    const scene = new Scene("allkeys-random");
    scene.fill("key", 1000);
    expect(scene.free(0, () => true)).toBe("unfinished");
    expect(scene.keyspace.statistics.evicted).toBeLessThanOrEqual(16);
    expect(scene.keyspace.statistics.evicted).toBeGreaterThan(0);
  });

  test("waits until a large value's memory is freed before it evicts another key", () => {
    const scene = new Scene("allkeys-lru");
    const { heap, hasher } = scene.keyspace;
    const table = new RecordTable(heap, hasher);
    for (let number = 0; number < 20_000; number++) {
      const field = bytes(`field:${number}`);
      table.set(field, 0, field.length, field, 0, field.length);
    }
    const key = bytes("large");
    scene.database.createObject(key, 0, key.length, record.valueType.hash, table);
    scene.nowMs += 10_000;
    scene.fill("key", 2000);
    // The large key has been idle for long, so it is evicted early, and frees much more memory than needed.
    expect(scene.free(scene.keyspace.usedBytes - 500_000)).toBe("enough");
    expect(scene.left("large", 0, 1)).toBe(0);
    expect(scene.database.size).toBeGreaterThan(1900);
  });

  test("skips a candidate that has been used since it was chosen", () => {
    const scene = new Scene("allkeys-lru");
    scene.fill("key", 16);
    scene.nowMs += 100_000;
    // One key is evicted. The others stay in the pool as equally idle.
    expect(scene.free(scene.keyspace.usedBytes - 1)).toBe("enough");
    expect(scene.database.size).toBe(15);
    scene.fill("other", 1000);
    scene.nowMs += 1000;
    scene.use("key", 16);
    scene.take(30);
    expect(scene.left("key", 0, 16)).toBe(15);
  });

  test("notifies the log before the key is removed, and observers after it", () => {
    const scene = new Scene("allkeys-random");
    const told: string[] = [];
    const there = (): boolean => scene.database.size > 0;
    scene.keyspace.observed = true;
    scene.keyspace.onEvicted = (database, key, start, end) =>
      told.push(`log ${database} ${Buffer.from(key.subarray(start, end)).toString()} ${there()}`);
    scene.keyspace.observer = {
      keyChanged: (database, key, start, end, event) =>
        told.push(`${event} ${database} ${Buffer.from(key.subarray(start, end)).toString()} ${there()}`),
      databaseChanged() {},
    };
    scene.fill("key", 1);
    scene.free(1);
    expect(told).toEqual(["log 0 key0 true", "evicted 0 key0 false"]);
  });
});
