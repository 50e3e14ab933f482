import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Heap, type Address } from "../../src/memory/heap.ts";
import { RecordIndex } from "../../src/memory/record-index.ts";
import * as record from "../../src/memory/record.ts";
import { HalfSipHash } from "../../src/memory/half-sip-hash.ts";

/** An index beside a Map with the same content. */
class ModelledIndex {
  readonly heap = new Heap();
  readonly index = new RecordIndex(this.heap);
  readonly model = new Map<string, { hash: number; address: Address }>();
  readonly #hashOf: (key: string) => number;

  constructor(hashOf: (key: string) => number) {
    this.#hashOf = hashOf;
  }

  insert(key: string): void {
    if (this.model.has(key)) return;
    const entry = { hash: this.#hashOf(key), address: this.#newRecord(key) };
    this.index.insert(entry.hash, entry.address);
    this.model.set(key, entry);
  }

  remove(key: string): void {
    const entry = this.model.get(key);
    if (entry === undefined) return;
    expect(this.index.remove(entry.hash, entry.address)).toBe(true);
    this.heap.free(entry.address);
    this.model.delete(key);
  }

  /** Moves the record, as if its value had grown. */
  move(key: string): void {
    const entry = this.model.get(key);
    if (entry === undefined) return;
    const moved = this.#newRecord(key);
    this.index.replace(entry.hash, entry.address, moved);
    this.heap.free(entry.address);
    entry.address = moved;
  }

  /** Reserves room for as many entries as the key says. */
  reserve(key: string): void {
    this.index.reserve(Number(key));
  }

  find(key: string): Address {
    const bytes = Buffer.from(key, "latin1");
    return this.index.find(this.#hashOf(key), bytes, 0, bytes.length);
  }

  keyOf(address: Address): string {
    const start = record.keyStartOf(this.heap, address);
    const bytes = record.bytesOf(this.heap, address).subarray(start, start + record.keyLengthOf(this.heap, address));
    return Buffer.from(bytes).toString("latin1");
  }

  #newRecord(key: string): Address {
    const bytes = Buffer.from(key, "latin1");
    const address = this.heap.allocate(record.recordBytes(bytes.length, 0, false));
    record.writeRecord(this.heap, address, bytes, 0, bytes.length, 0, 0, 0, -1);
    return address;
  }
}

const hasher = new HalfSipHash(1, 2);
const goodHash = (key: string): number => {
  const bytes = Buffer.from(key, "latin1");
  return hasher.hash(bytes, 0, bytes.length);
};
/** Hashes of which many are equal or adjacent, also across the end of the table. */
const badHash = (key: string): number => (Number(key) % 5) - 3;

type Action = "insert" | "remove" | "move" | "reserve";
const actions = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 5, arbitrary: fc.constant<Action>("insert") },
      { weight: 4, arbitrary: fc.constant<Action>("remove") },
      { weight: 2, arbitrary: fc.constant<Action>("move") },
      { weight: 1, arbitrary: fc.constant<Action>("reserve") },
    ),
    fc.integer({ min: 0, max: 60 }).map(String),
  ),
  { maxLength: 400, size: "max" },
);

describe("RecordIndex", () => {
  for (const [name, hashOf] of [
    ["good", goodHash],
    ["bad", badHash],
  ] as const) {
    test(`has the content of a Map, with ${name} hashes`, () => {
      fc.assert(
        fc.property(actions, (todo) => {
          const modelled = new ModelledIndex(hashOf);
          for (const [action, key] of todo) {
            modelled[action](key);
            expect(modelled.index.size).toBe(modelled.model.size);
            expect(modelled.find(key)).toBe(modelled.model.get(key)?.address ?? 0);
          }
          for (let key = 0; key <= 60; key++) {
            expect(modelled.find(String(key))).toBe(modelled.model.get(String(key))?.address ?? 0);
          }
          const visited: string[] = [];
          modelled.index.forEach((address) => visited.push(modelled.keyOf(address)));
          expect(visited.sort()).toEqual([...modelled.model.keys()].sort());
        }),
        { numRuns: 100 },
      );
    });

    test(`a scan visits entries that exist throughout, with ${name} hashes, while others are added, removed and moved`, () => {
      const scenario = fc.record({
        staying: fc.integer({ min: 1, max: 120 }),
        // Before each step of the scan, this many entries are added, then this many removed.
        turns: fc.array(fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 300 })), {
          maxLength: 40,
          size: "max",
        }),
      });
      fc.assert(
        fc.property(scenario, ({ staying, turns }) => {
          const modelled = new ModelledIndex(hashOf === badHash ? (key) => Number(key) % 64 : hashOf);
          for (let key = 0; key < staying; key++) modelled.insert(String(key));
          const passing: string[] = [];
          let next = 1000;
          const seen = new Set<string>();
          let cursor = 0;
          let steps = 0;
          do {
            const [adds, removals] = turns[steps] ?? [0, 0];
            for (let count = 0; count < adds; count++, next++) {
              passing.push(String(next));
              modelled.insert(String(next));
            }
            for (let count = 0; count < removals; count++) modelled.remove(passing.pop() ?? "");
            modelled.move(String(steps % staying));
            cursor = modelled.index.scan(cursor, (address) => seen.add(modelled.keyOf(address)));
            steps++;
            expect(steps).toBeLessThan(100_000);
          } while (cursor !== 0);
          for (let key = 0; key < staying; key++) expect(seen.has(String(key))).toBe(true);
        }),
        { numRuns: 100 },
      );
    });
  }

  test("a scan of an unchanging index visits every entry once", () => {
    for (const size of [0, 1, 7, 100, 1000, 5000]) {
      const modelled = new ModelledIndex(goodHash);
      for (let key = 0; key < size; key++) modelled.insert(String(key));
      const seen: string[] = [];
      let cursor = 0;
      do cursor = modelled.index.scan(cursor, (address) => seen.push(modelled.keyOf(address)));
      while (cursor !== 0);
      expect(seen.length).toBe(size);
      expect(new Set(seen).size).toBe(size);
    }
  });

  test("any number is a cursor", () => {
    const modelled = new ModelledIndex(goodHash);
    for (let key = 0; key < 100; key++) modelled.insert(String(key));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (cursor) => {
        const next = modelled.index.scan(cursor, () => {});
        expect(next).toBeGreaterThanOrEqual(0);
        expect(Number.isInteger(next)).toBe(true);
      }),
    );
  });

  test("no step of growing or shrinking moves many entries", () => {
    const modelled = new ModelledIndex(goodHash);
    for (let key = 0; key < 20_000; key++) modelled.insert(String(key));
    expect(modelled.index.capacity).toBeLessThan(100_000);
    for (let key = 0; key < 20_000; key++) modelled.remove(String(key));
    expect(modelled.index.size).toBe(0);
    expect(modelled.index.capacity).toBeLessThan(64);
  });

  test("random returns each entry about equally often", () => {
    const modelled = new ModelledIndex(goodHash);
    for (let key = 0; key < 50; key++) modelled.insert(String(key));
    const counts = new Map<Address, number>();
    // A small random generator (Park and Miller), so that the test is the same each time.
    let state = 42;
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    for (let draw = 0; draw < 20_000; draw++) {
      const address = modelled.index.random(random);
      counts.set(address, (counts.get(address) ?? 0) + 1);
    }
    expect(counts.size).toBe(50);
    for (const count of counts.values()) expect(Math.abs(count - 400)).toBeLessThan(120);
    expect(new RecordIndex(modelled.heap).random(random)).toBe(0);
  });

  test("a sample has distinct entries, at most all of them, also while the index grows and when it is nearly empty", () => {
    const hashes = new Int32Array(200);
    const addresses = new Int32Array(200);
    const choice = fc.record({
      filled: fc.integer({ min: 0, max: 120 }),
      removed: fc.integer({ min: 0, max: 120 }),
      wanted: fc.integer({ min: 1, max: 150 }),
      chance: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(
      fc.property(choice, ({ filled, removed, wanted, chance }) => {
        const modelled = new ModelledIndex(goodHash);
        for (let key = 0; key < filled; key++) modelled.insert(String(key));
        for (let key = 0; key < removed; key++) modelled.remove(String(key));
        const found = modelled.index.sample(() => chance, wanted, hashes, addresses);
        expect(found).toBe(Math.min(wanted, modelled.model.size));
        const keys = new Set(Array.from(addresses.subarray(0, found), (address) => modelled.keyOf(address)));
        expect(keys.size).toBe(found);
        for (let at = 0; at < found; at++) {
          const key = modelled.keyOf(addresses[at] as number);
          expect(modelled.model.get(key)).toEqual({ hash: hashes[at] as number, address: addresses[at] as number });
          expect(modelled.index.has(hashes[at] as number, addresses[at] as number)).toBe(true);
        }
        expect(modelled.index.has(1, 8 * 9_999)).toBe(false);
      }),
    );
  });

  test("delays growing when memory is short, until it is nearly full", () => {
    const modelled = new ModelledIndex(goodHash);
    const { heap, index } = modelled;
    for (let key = 0; key < 768; key++) modelled.insert(String(key));
    index.migrate(10_000);
    expect(index.capacity).toBe(1024);
    heap.limitBytes = heap.usedBytes + heap.besideBytes + 10_000;
    for (let key = 768; key < 896; key++) modelled.insert(String(key));
    expect(index.capacity).toBe(1024);
    for (let key = 0; key < 1000; key++) expect(modelled.find(String(key)) !== 0).toBe(key < 896);
    modelled.insert("897");
    expect(index.capacity).toBe(1024 + 2048);
    heap.limitBytes = Number.POSITIVE_INFINITY;
    const roomy = new ModelledIndex(goodHash);
    for (let key = 0; key < 769; key++) roomy.insert(String(key));
    expect(roomy.index.capacity).toBe(1024 + 2048);
  });

  test("counts its memory in addition to the heap's until it is released", () => {
    const modelled = new ModelledIndex(goodHash);
    const { heap, index } = modelled;
    for (let key = 0; key < 5000; key++) {
      modelled.insert(String(key));
      expect(heap.besideBytes).toBe(index.memoryBytes);
    }
    for (let key = 0; key < 4990; key++) {
      modelled.remove(String(key));
      expect(heap.besideBytes).toBe(index.memoryBytes);
    }
    index.migrate(10_000);
    index.clear();
    expect(heap.besideBytes).toBe(index.memoryBytes);
    index.dispose();
    expect(heap.besideBytes).toBe(0);
  });
});
