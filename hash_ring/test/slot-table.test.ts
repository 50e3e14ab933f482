import { expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../tools/property-seed.ts";
import { HashRing, slotCount, slotTable, type RingOptions } from "../index.ts";
import { murmur3 } from "../src/murmur3.ts";

const parameters = { seed: propertySeed(), numRuns: 100 };
const ports = (count: number) =>
  fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { minLength: count, maxLength: count });
const nodes = (numbers: number[]) => numbers.map((port) => `127.0.0.1:${port}`);

test("a slot belongs to the first point at or after s * 2^18", () => {
  const ring = new HashRing(["a", "b", "c"], { virtualNodes: 20, pointsPerVirtualNode: 1 });
  const { positions, nodeIndexes } = ring.points;
  for (const [slot, owner] of slotTable(ring).entries()) {
    const successor = positions.findIndex((position) => position >= slot * 2 ** 18);
    expect(owner).toBe(nodeIndexes[Math.max(successor, 0)] as number);
  }
});

test("slots lie within 10% of even over three nodes, whatever their names", () => {
  fc.assert(
    fc.property(ports(3), (numbers) => {
      for (const count of countSlots(new HashRing(nodes(numbers)))) {
        expect(Math.abs((count * 3) / slotCount - 1)).toBeLessThan(0.1);
      }
    }),
    parameters,
  );
});

test("a fourth node takes about a quarter of the slots, and nothing moves between the others", () => {
  fc.assert(
    fc.property(ports(4), (numbers) => {
      const names = nodes(numbers);
      const after = new HashRing(names);
      const before = after.withoutNode(names[0] as string);
      const [slotsBefore, slotsAfter] = [slotTable(before), slotTable(after)];
      let moved = 0;
      for (let slot = 0; slot < slotCount; slot++) {
        const owner = after.nodes[slotsAfter[slot] as number]?.name;
        if (owner === before.nodes[slotsBefore[slot] as number]?.name) continue;
        expect(owner).toBe(names[0]);
        moved++;
      }
      expect(Math.abs((moved * 4) / slotCount - 1)).toBeLessThan(0.15);
    }),
    parameters,
  );
});

test("fewer points make fewer ranges of consecutive slots", () => {
  const names = nodes([7001, 7002, 7003]);
  const ranges = (options: RingOptions) => countRanges(slotTable(new HashRing(names, options)));
  expect(ranges({ pointsPerVirtualNode: 1 })).toBeLessThan(400);
  expect(ranges({ pointsPerVirtualNode: 16 })).toBeGreaterThan(3_000);
});

test("one node owns every slot, and an empty ring none", () => {
  expect(new Set(slotTable(new HashRing(["alone"])))).toEqual(new Set([0]));
  expect(() => slotTable(new HashRing())).toThrow("an empty ring owns no slots");
});

test("the table of known members never changes, because data stays where an earlier release put it", () => {
  const table = slotTable(new HashRing(["node-a", "node-b", { name: "node-c", weight: 2 }]));
  expect(murmur3(new Uint8Array(table.buffer))).toBe(378_705_548);
});

function countSlots(ring: HashRing): number[] {
  const counts = ring.nodes.map(() => 0);
  for (const owner of slotTable(ring)) counts[owner]!++;
  return counts;
}

function countRanges(table: Uint16Array): number {
  return table.reduce((ranges, owner, slot) => ranges + (owner === table[slot - 1] ? 0 : 1), 0);
}
