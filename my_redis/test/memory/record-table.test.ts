import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Heap, HeapLimitError } from "../../src/memory/heap.ts";
import * as record from "../../src/memory/record.ts";
import { RecordTable } from "../../src/memory/record-table.ts";
import { latin1Text } from "../../src/protocol/arguments.ts";
import { HalfSipHash } from "../../src/memory/half-sip-hash.ts";

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
  test("has the content of a map, and copies and frees its records", () => {
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

  test("draws each entry with about the same probability", () => {
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

  test("finds another table's entries by their hashes, copies them, and visits each slot once, while it grows or shrinks", () => {
    const heap = new Heap();
    const hasher = new HalfSipHash(1, 2);
    for (let count = 1; count < 2500; count += 61) {
      const [table, other] = [new RecordTable(heap, hasher), new RecordTable(heap, hasher)];
      for (let number = 0; number < count; number++) set(table, `key ${number}`, `value ${number}`);
      for (let number = count; number < count * 2; number++) set(other, `key ${number / 2}`, "");
      const removed = Math.floor(count / 3);
      for (let number = 0; number < removed; number++) {
        table.removeEntry(table.find(bytesOf(`key ${number}`), 0, `key ${number}`.length));
      }
      const shared: string[] = [];
      const copies = new RecordTable(heap, hasher);
      let entries = 0;
      for (let from = 0; from >= 0;) {
        from = table.visitSlots(from, 100, (entry, hash) => {
          entries++;
          const start = record.keyStartOf(heap, entry);
          const key = latin1Text(record.bytesOf(heap, entry), start, start + record.keyLengthOf(heap, entry));
          if (other.hasKeyOf(hash, entry)) shared.push(key);
          copies.addCopy(hash, entry);
        });
      }
      expect(entries).toBe(count - removed);
      expect(contentOf(heap, copies)).toEqual(contentOf(heap, table));
      const halves = [...contentOf(heap, other).keys()].filter((key) => contentHas(table, key));
      expect(new Set(shared)).toEqual(new Set(halves));
      expect(shared).toHaveLength(halves.length);
    }
  });

  test("finds a key of another table by all of its bytes: the last ones, which fill no word, count as well", () => {
    const heap = new Heap();
    const hasher = new HalfSipHash(1, 2);
    for (let length = 0; length <= 13; length++) {
      const [table, other] = [new RecordTable(heap, hasher), new RecordTable(heap, hasher)];
      const key = "k".repeat(length);
      set(table, key, "a value");
      set(other, key, "another");
      const entry = table.find(bytesOf(key), 0, length);
      // An equal hash, as a collision gives it: the bytes decide.
      for (let at = 0; at < length; at++) {
        const differs = Uint8Array.from(bytesOf(key), (byte, index) => (index === at ? byte ^ 0x80 : byte));
        other.addHashed(7, differs, 0, length, 0);
      }
      other.addHashed(7, bytesOf(`${key}k`), 0, length + 1, 0);
      if (length > 0) other.addHashed(7, bytesOf(key), 0, length - 1, 0);
      expect(other.hasKeyOf(7, entry)).toBe(false);
      expect(other.hasKeyOf(hasher.hash(bytesOf(key), 0, length), entry)).toBe(true);
    }
  });

  test("holds keys and values as long as Redis's, and refuses longer ones without a trace", () => {
    const heap = new Heap();
    const table = new RecordTable(heap, new HalfSipHash(1, 2));
    // The system gives memory only for pages that are written to: the long keys below are a few bytes in a large block.
    const key = bytesOf("key");
    const address = table.addHashed(1, key, 0, 2 ** 29, 5);
    expect(record.keyLengthOf(heap, address)).toBe(2 ** 29);
    expect(record.valueStartOf(heap, address) - record.keyStartOf(heap, address)).toBe(2 ** 29);
    expect(record.valueLengthOf(heap, address)).toBe(5);
    expect(record.hasExpiry(heap, address)).toBe(false);
    heap.turnMark();
    expect(record.isMarked(heap, address)).toBe(false);
    record.mark(heap, address);
    expect(record.keyLengthOf(heap, address)).toBe(2 ** 29);
    const used = heap.usedBytes;
    expect(() => table.addHashed(2, key, 0, record.maxKeyBytes + 1, 0)).toThrow(HeapLimitError);
    expect(() => table.addHashed(2, key, 0, 3, record.maxValueBytes + 1)).toThrow(HeapLimitError);
    expect([heap.usedBytes, table.size]).toEqual([used, 1]);
    table.release(10);
    expect(heap.usedBytes).toBe(0);
  });

  test("continues growing while its entries change, until one table is left", () => {
    const table = new RecordTable(new Heap(), new HalfSipHash(1, 2));
    const isGrowing = (): boolean => table.resizing;
    let number = 0;
    while (number < 1000 || !isGrowing()) set(table, `key ${number++}`, "v");
    for (let change = 0; isGrowing() && change < 1000; change++) set(table, "key 1", `${change}`);
    expect(isGrowing()).toBe(false);
    expect(table.size).toBe(number);
  });
});

const contentHas = (table: RecordTable, key: string): boolean => table.find(bytesOf(key), 0, key.length) !== 0;
