import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Heap } from "../../src/keyspace/heap.ts";
import * as record from "../../src/keyspace/record.ts";
import { RecordTable } from "../../src/keyspace/record-table.ts";
import { latin1Text } from "../../src/protocol/arguments.ts";
import { HalfSipHash } from "../../src/values/half-sip-hash.ts";

const bytesOf = (text: string): Buffer => Buffer.from(text, "latin1");

function contentOf(heap: Heap, table: RecordTable): Map<string, string> {
  const content = new Map<string, string>();
  table.forEach((address) => {
    const bytes = record.bytesOf(heap, address);
    const value = record.valueStartOf(heap, address);
    content.set(
      latin1Text(bytes, record.keyStartOf(heap, address), value),
      latin1Text(bytes, value, value + record.valueLengthOf(heap, address)),
    );
  });
  return content;
}

const set = (table: RecordTable, key: string, value: string): boolean =>
  table.set(bytesOf(key), 0, key.length, bytesOf(value), 0, value.length);

describe("a table of records", () => {
  test("is what a map would be, and copies and frees what it holds", () => {
    const key = fc.integer({ min: 0, max: 40 }).map((number) => `key ${number}`);
    const value = fc.integer({ min: 0, max: 300 }).map((length) => "v".repeat(length));
    const change = fc.record({ remove: fc.boolean(), key, value });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200, size: "max" }), (changes) => {
        const heap = new Heap();
        const table = new RecordTable(heap, new HalfSipHash(1, 2));
        const model = new Map<string, string>();
        for (const { remove, key: name, value: content } of changes) {
          if (remove) {
            expect(table.remove(bytesOf(name), 0, name.length)).toBe(model.delete(name));
          } else {
            expect(set(table, name, content)).toBe(!model.has(name));
            model.set(name, content);
          }
        }
        expect(table.size).toBe(model.size);
        expect(contentOf(heap, table)).toEqual(model);
        const copy = table.copy();
        while (!table.release(10));
        expect(contentOf(heap, copy)).toEqual(model);
        while (!copy.release(10));
        expect(heap.usedBytes).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test("gives each entry with about the same chance", () => {
    const heap = new Heap();
    const table = new RecordTable(heap, new HalfSipHash(1, 2));
    for (let number = 0; number < 100; number++) set(table, `key ${number}`, "");
    let state = 1;
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    const drawn = new Map<number, number>();
    for (let draw = 0; draw < 20_000; draw++) {
      const address = table.random(random);
      drawn.set(address, (drawn.get(address) ?? 0) + 1);
    }
    expect(drawn.size).toBe(100);
    for (const count of drawn.values()) expect(Math.abs(count - 200)).toBeLessThan(80);
  });
});
