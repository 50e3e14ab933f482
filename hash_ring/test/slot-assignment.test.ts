import { expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../tools/property-seed.ts";
import { assignSlots, slotCount, type SlotRange } from "../index.ts";

interface Member {
  readonly name: string;
  readonly weight: number;
}

const parameters = { seed: propertySeed(), numRuns: 20 };
const even = (count: number): Member[] => Array.from({ length: count }, (_, at) => ({ name: `node ${at}`, weight: 1 }));

test("a new ring has one range for each node, and hardly more where the slots cannot be divided", () => {
  for (let count = 1; count <= 100; count++) {
    const ranges = assignSlots(even(count));
    expect(ranges.length).toBeLessThanOrEqual(count <= 10 ? count : count * 1.1);
    expectEven(even(count), ranges);
  }
});

test("a node that joins takes its share, and a node that leaves gives its slots: nothing else moves", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(), { minLength: 100, maxLength: 200 }),
      fc.integer({ min: 2, max: 100 }),
      (dice, most) => {
        let [members, ranges, joined] = [even(1), assignSlots(even(1)), 1];
        for (const die of dice) {
          const joins = members.length === 1 || (members.length < most && die % 3 > 0);
          const leaver = members[die % members.length]!;
          const after = joins
            ? [...members, { name: `node ${joined++}`, weight: 1 }]
            : members.filter((each) => each !== leaver);
          const next = assignSlots(after, ranges);
          const concerned = joins ? after.at(-1)! : leaver;
          expect(countMoved(ranges, next)).toBe(countOf(joins ? next : ranges, concerned.name));
          if (joins) expect(countOf(next, concerned.name)).toBe(Math.floor(slotCount / after.length));
          expectEven(after, next);
          expect(next.length).toBeLessThanOrEqual(12 * Math.max(most, 3));
          [members, ranges] = [after, next];
        }
      },
    ),
    parameters,
  );
});

test("a ring that grew to 100 nodes and shrank to three has few ranges", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(even(100), { minLength: 97, maxLength: 97 }), (leavers) => {
      let [members, ranges] = [even(1), assignSlots(even(1))];
      for (let count = 2; count <= 100; count++) [members, ranges] = [even(count), assignSlots(even(count), ranges)];
      expect(ranges.length).toBeLessThan(800);
      for (const leaver of leavers) {
        members = members.filter(({ name }) => name !== leaver.name);
        ranges = assignSlots(members, ranges);
      }
      expectEven(members, ranges);
      expect(ranges.length).toBeLessThan(150);
    }),
    parameters,
  );
});

test("shares follow weights, whoever joins, leaves or changes weight at once", () => {
  const members = fc.uniqueArray(
    fc.record({
      name: fc.integer({ min: 1, max: 40 }).map(String),
      weight: fc.oneof(fc.constantFrom(1, 2), fc.double({ min: 0.01, max: 100, noNaN: true })),
    }),
    { minLength: 1, maxLength: 30, selector: ({ name }) => name },
  );
  fc.assert(
    fc.property(fc.array(members, { minLength: 2, maxLength: 20 }), (rings) => {
      let ranges: SlotRange[] = [];
      for (const ring of rings) {
        const next = assignSlots(ring, ranges);
        expectEven(ring, next);
        expect(next.at(-1)!.end).toBe(slotCount - 1);
        ranges = next;
      }
    }),
    { ...parameters, numRuns: 100 },
  );
});

test("the order of the nodes does not matter, and a ring that is even stays as it is", () => {
  const before = assignSlots(even(7));
  const after = assignSlots(even(9), before);
  expect(assignSlots(even(9).reverse(), before)).toEqual(after);
  expect(assignSlots(even(9), after)).toEqual(after);
});

test("other numbers of slots, and other tolerances", () => {
  expect(assignSlots(["a", "b"], [], { slots: 4 })).toEqual([
    { start: 0, end: 1, owner: "a" },
    { start: 2, end: 3, owner: "b" },
  ]);
  const uneven = [
    { start: 0, end: 59, owner: "a" },
    { start: 60, end: 99, owner: "b" },
  ];
  expect(assignSlots(["a", "b"], uneven, { slots: 100, tolerance: 0.2 })).toEqual(uneven);
  expect(assignSlots(["a", "b"], uneven, { slots: 100, tolerance: 0 })[0]!.end).toBe(49);
});

test("bad arguments are refused in words", () => {
  expect(() => assignSlots([])).toThrow("no nodes can own slots");
  expect(() => assignSlots(["a", "a"])).toThrow('node "a" is on the ring twice');
  expect(() => assignSlots(["a"], [{ start: 3, end: slotCount, owner: "a" }])).toThrow(
    "slots are numbered from 0 to 16383, not from 3 to 16384",
  );
  expect(() => assignSlots(["a"], [], { tolerance: 0.6 })).toThrow("a tolerance lies from 0 to 0.5, not at 0.6");
});

function expectEven(members: readonly Member[], ranges: readonly SlotRange[]): void {
  const sum = members.reduce((total, { weight }) => total + weight, 0);
  for (const { name, weight } of members) {
    const share = (slotCount * weight) / sum;
    const off = Math.abs(countOf(ranges, name) - share);
    if (off >= 1 && off > share * 0.1)
      expect({ name, share, has: countOf(ranges, name) }).toEqual({ name, share, has: share });
  }
}

const countOf = (ranges: readonly SlotRange[], name: string): number =>
  ranges.reduce((count, { start, end, owner }) => count + (owner === name ? end - start + 1 : 0), 0);

function countMoved(before: readonly SlotRange[], after: readonly SlotRange[]): number {
  const owners = new Array<string>(slotCount);
  for (const { start, end, owner } of before) owners.fill(owner, start, end + 1);
  let moved = 0;
  for (const { start, end, owner } of after)
    for (let slot = start; slot <= end; slot++) if (owners[slot] !== owner) moved++;
  return moved;
}
