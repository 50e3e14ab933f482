import { describe, expect, test } from "bun:test";
import { ActiveExpiry, effortLimits } from "../../src/keyspace/active-expiry.ts";
import type { Database } from "../../src/keyspace/database.ts";
import type { Keyspace } from "../../src/keyspace/keyspace.ts";
import * as record from "../../src/memory/record.ts";
import { newKeyspace } from "./new-keyspace.ts";

const nowMs = 1_000_000;

const newKeyspaceOf = (databases = 2): Keyspace => newKeyspace({ databases, nowMs: () => nowMs });

function fill(database: Database, prefix: string, count: number, expiryMs: number): void {
  const value = Buffer.from("v");
  for (let number = 0; number < count; number++) {
    const key = Buffer.from(`${prefix}${number}`);
    database.setString(key, 0, key.length, value, 0, 1, record.encoding.embedded, expiryMs);
  }
}

const pass = (spent: () => boolean = () => false) => ({ effort: 1, nowMs, spent });

describe("active expiry", () => {
  test("deletes every expired key when there are many, and only those", () => {
    const keyspace = newKeyspaceOf();
    const [first, second] = keyspace.databases as [Database, Database];
    fill(first, "over", 10_000, nowMs - 1);
    fill(first, "forever", 100, -1);
    fill(second, "just", 1000, nowMs);
    const result = new ActiveExpiry(keyspace).run(pass());
    expect(result).toEqual({ looked: 11_000, expired: 11_000, timedOut: false });
    expect([first.size, first.expires.size, second.size]).toEqual([100, 0, 0]);
    expect(keyspace.statistics.expired).toBe(11_000);
  });

  test("leaves a few expired keys among many others alone, and finds them in later passes", () => {
    const keyspace = newKeyspaceOf(1);
    const database = keyspace.database(0);
    fill(database, "later", 2000, nowMs + 1000);
    fill(database, "over", 20, nowMs - 1);
    const expiry = new ActiveExpiry(keyspace);
    const first = expiry.run(pass());
    expect(first.looked).toBeLessThan(500);
    let passes = 1;
    while (database.size > 2000) {
      expiry.run(pass());
      passes++;
      expect(passes).toBeLessThan(2020 / 20 + 2);
    }
    expect(database.size).toBe(2000);
  });

  test("stops when its time is used up, and continues there in the next pass", () => {
    const keyspace = newKeyspaceOf(1);
    const database = keyspace.database(0);
    fill(database, "over", 1000, nowMs - 1);
    const expiry = new ActiveExpiry(keyspace);
    const result = expiry.run(pass(() => true));
    expect(result.timedOut).toBe(true);
    expect(result.expired).toBeGreaterThanOrEqual(effortLimits(1).keysPerLoop);
    expect(result.expired).toBeLessThan(200);
    expiry.run(pass());
    expect(database.size).toBe(0);
  });

  test("gives every database its turn, even if time is always short", () => {
    const keyspace = newKeyspaceOf(3);
    for (const database of keyspace.databases) fill(database, "over", 1000, nowMs - 1);
    const expiry = new ActiveExpiry(keyspace);
    for (let count = 0; count < 3; count++) expiry.run(pass(() => true));
    expect(keyspace.databases.every(({ size }) => size < 1000)).toBe(true);
  });

  test("announces every key that it deletes, so that it is logged", () => {
    const keyspace = newKeyspaceOf(1);
    fill(keyspace.database(0), "over", 30, nowMs - 1);
    const told: string[] = [];
    keyspace.onExpired = (_database, key, start, end) => told.push(Buffer.from(key.subarray(start, end)).toString());
    new ActiveExpiry(keyspace).run(pass());
    expect(told.sort()).toEqual(Array.from({ length: 30 }, (_, number) => `over${number}`).sort());
  });

  test("does nothing while it is turned off, or while the keyspace does not expire keys", () => {
    const keyspace = newKeyspaceOf(1);
    fill(keyspace.database(0), "over", 30, nowMs - 1);
    const expiry = new ActiveExpiry(keyspace);
    expiry.enabled = false;
    expect(expiry.run(pass()).looked).toBe(0);
    expiry.enabled = true;
    keyspace.expires = false;
    expect(expiry.run(pass()).looked).toBe(0);
  });

  test("works harder the greater the effort", () => {
    const efforts = [1, 5, 10].map(effortLimits);
    expect(efforts.map(({ keysPerLoop }) => keysPerLoop)).toEqual([20, 40, 65]);
    expect(efforts.map(({ timeShare }) => timeShare)).toEqual([0.25, 0.33, 0.43]);
    expect(efforts.map(({ acceptableShare }) => acceptableShare)).toEqual([0.1, 0.06, 0.01]);
  });
});
