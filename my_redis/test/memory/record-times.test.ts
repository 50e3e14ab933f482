import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Heap } from "../../src/memory/heap.ts";
import { RecordTable } from "../../src/memory/record-table.ts";
import { HalfSipHash } from "../../src/memory/half-sip-hash.ts";

const bytesOf = (text: string): Buffer => Buffer.from(text, "latin1");

/** A table beside its expected content: keys with their times, 0 for a missing time. */
class TableWithModel {
  readonly heap = new Heap();
  readonly table = new RecordTable(this.heap, new HalfSipHash(1, 2));
  readonly times = new Map<string, number>();

  set(key: string, length: number): void {
    const value = Buffer.alloc(length);
    this.table.set(bytesOf(key), 0, key.length, value, 0, length);
    if (!this.times.has(key)) this.times.set(key, 0);
  }

  setTime(key: string, timeMs: number): void {
    if (!this.times.has(key)) return;
    this.table.setTime(this.#find(key), timeMs);
    this.times.set(key, timeMs);
  }

  remove(key: string): void {
    this.table.remove(bytesOf(key), 0, key.length);
    this.times.delete(key);
  }

  #find(key: string): number {
    return this.table.find(bytesOf(key), 0, key.length);
  }

  expectEqual(table: RecordTable = this.table): void {
    for (const [key, timeMs] of this.times) {
      expect([key, table.timeOf(table.find(bytesOf(key), 0, key.length))]).toEqual([key, timeMs]);
    }
    const ends = [...this.times.values()].filter((timeMs) => timeMs !== 0);
    expect(table.earliestMs).toBe(Math.min(Number.POSITIVE_INFINITY, ...ends));
    expect(table.countDue(50)).toBe(ends.filter((timeMs) => timeMs <= 50).length);
  }
}

describe("times of the records of a table", () => {
  const key = fc.integer({ min: 0, max: 60 }).map((number) => `key ${number}`);
  const change = fc.oneof(
    fc.record({ what: fc.constant("set" as const), key, number: fc.integer({ min: 0, max: 400 }) }),
    fc.record({ what: fc.constant("setTime" as const), key, number: fc.integer({ min: 0, max: 100 }) }),
    fc.record({ what: fc.constant("remove" as const), key, number: fc.constant(0) }),
  );

  test("equal those of a map, wherever the records move, in the table and in a copy of it", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 300, size: "max" }), (changes) => {
        const pair = new TableWithModel();
        for (const { what, key: name, number } of changes) {
          if (what === "remove") pair.remove(name);
          else pair[what](name, number);
        }
        pair.expectEqual();
        pair.expectEqual(pair.table.copy());
      }),
    );
  });

  test("are returned in order, and free their memory", () => {
    const pair = new TableWithModel();
    const before = pair.heap.besideBytes;
    const ends = Array.from({ length: 5000 }, (_, at) => 1 + ((at * 7919) % 5003));
    for (const [at, timeMs] of ends.entries()) {
      pair.set(`key ${at}`, 3);
      pair.setTime(`key ${at}`, timeMs);
    }
    const removed: number[] = [];
    while (pair.table.size > 0) {
      const { earliestMs } = pair.table;
      const name = Buffer.from(pair.table.removeEarliest()).toString("latin1");
      expect(pair.times.get(name)).toBe(earliestMs);
      removed.push(earliestMs);
    }
    expect(removed).toEqual(ends.toSorted((one, other) => one - other));
    expect(pair.heap.besideBytes - before).toBeLessThan(1000);
    expect(pair.heap.usedBytes).toBe(0);
    const released = pair.table.release(1000);
    expect(released).toBe(true);
  });
});
