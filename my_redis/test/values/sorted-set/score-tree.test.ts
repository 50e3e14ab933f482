import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Heap } from "../../../src/memory/heap.ts";
import { HalfSipHash } from "../../../src/memory/half-sip-hash.ts";
import { SortedSet } from "../../../src/values/sorted-set/sorted-set.ts";

const newSet = (): { heap: Heap; set: SortedSet } => {
  const heap = new Heap();
  return { heap, set: new SortedSet(heap, new HalfSipHash(1, 2)) };
};

interface Member {
  readonly name: string;
  readonly score: number;
}

const ordered = (one: Member, other: Member): number =>
  one.score - other.score || (one.name < other.name ? -1 : one.name > other.name ? 1 : 0);

function put(set: SortedSet, name: string, score: number): void {
  const key = Buffer.from(name, "latin1");
  const member = set.table.find(key, 0, key.length);
  if (member === 0) set.add(key, 0, key.length, score);
  else set.update(member, score);
}

function drop(set: SortedSet, name: string): void {
  const key = Buffer.from(name, "latin1");
  const member = set.table.find(key, 0, key.length);
  if (member !== 0) set.remove(member);
}

function scores(set: SortedSet, from: number, to: number, backwards: boolean): number[] {
  const found: number[] = [];
  set.tree.visit(from, to, backwards, (score) => found.push(score));
  return found;
}

describe("a large sorted set", () => {
  test("has the order, ranks and counts of a sorted list, through many changes", () => {
    const changes = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: -50, max: 50 }), fc.boolean()),
      { minLength: 500, maxLength: 4000, size: "max" },
    );
    fc.assert(
      fc.property(changes, (list) => {
        const { set } = newSet();
        const model = new Map<string, number>();
        for (const [number, score, removes] of list) {
          const name = `m${number}`;
          if (removes) {
            drop(set, name);
            model.delete(name);
          } else {
            put(set, name, score);
            model.set(name, score);
          }
        }
        const expected = [...model]
          .map(([name, score]) => ({ name, score }))
          .toSorted(ordered)
          .map(({ score }) => score);
        expect(scores(set, 0, set.size, false)).toEqual(expected);
        expect(scores(set, 0, set.size, true)).toEqual(expected.toReversed());
        const [from, to] = [Math.floor(set.size / 3), Math.floor((set.size * 2) / 3)];
        expect(scores(set, from, to, false)).toEqual(expected.slice(from, to));
        expect(scores(set, from, to, true)).toEqual(expected.slice(from, to).toReversed());
        expect(set.tree.countWhile((score) => score < 7)).toBe(expected.filter((score) => score < 7).length);
        for (const limit of [-50, 7, 51]) {
          expect(set.tree.countBelow(limit, false)).toBe(expected.filter((score) => score < limit).length);
          expect(set.tree.countBelow(limit, true)).toBe(expected.filter((score) => score <= limit).length);
        }
        expect(set.tree.size).toBe(model.size);
      }),
      { seed: 3, numRuns: 15 },
    );
  });

  test("continues reading where a count ended, but not after the set has changed", () => {
    const { set } = newSet();
    for (let number = 0; number < 1000; number++) put(set, `m${number}`, number);
    for (let rank = 0; rank < 1000; rank += 7) {
      expect(set.tree.countBelow(rank, false)).toBe(rank);
      expect(scores(set, rank, rank + 3, false)).toEqual([rank, rank + 1, rank + 2].filter((score) => score < 1000));
      set.tree.countBelow(rank, true);
      put(set, "lowest", -1);
      expect(scores(set, rank + 1, rank + 2, false)).toEqual([rank]);
      set.tree.countBelow(rank, true);
      drop(set, "lowest");
      expect(scores(set, rank, rank + 1, false)).toEqual([rank]);
    }
  });

  test("grows by ascending scores, shrinks to nothing and frees its memory in steps", () => {
    const { heap, set } = newSet();
    for (let number = 0; number < 50_000; number++) put(set, `m${number}`, number);
    expect(set.tree.countWhile((score) => score < 31_415)).toBe(31_415);
    // Nodes are full: little more than 12 bytes for each entry.
    expect(set.tree.memoryBytes).toBeLessThan(50_000 * 18);
    for (let number = 0; number < 50_000; number += 2) drop(set, `m${number}`);
    expect(scores(set, 100, 103, false)).toEqual([201, 203, 205]);
    // Adjacent nodes with few entries are joined.
    for (let number = 1; number < 50_000; number += 2) if (number % 100 !== 1) drop(set, `m${number}`);
    expect(set.size).toBe(500);
    expect(scores(set, 250, 253, false)).toEqual([25_001, 25_101, 25_201]);
    expect(set.tree.countBelow(25_101, true)).toBe(252);
    expect(set.tree.memoryBytes).toBeLessThan(500 * 80);
    for (let number = 1; number < 50_000; number += 2) put(set, `m${number}`, number);
    const copy = set.copy();
    for (let number = 1; number < 50_000; number += 2) drop(set, `m${number}`);
    expect([set.size, set.tree.size, copy.tree.size]).toEqual([0, 0, 25_000]);
    expect(copy.release(100)).toBe(false);
    while (!copy.release(1000));
    expect(heap.usedBytes).toBe(0);
  });
});
