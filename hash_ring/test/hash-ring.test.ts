import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../tools/property-seed.ts";
import { HashRing, type RingNode } from "../index.ts";

const parameters = { seed: propertySeed(), numRuns: 25 };
const nodeName = fc.oneof(
  fc.integer({ min: 1, max: 65_535 }).map((port) => `127.0.0.1:${port}`),
  fc.integer({ min: 0, max: 999 }).map((number) => `node-${number}`),
  fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" }),
);
const nodeNames = (count: number) => fc.uniqueArray(nodeName, { minLength: count, maxLength: count });
const members = fc.uniqueArray(fc.record({ name: nodeName, weight: fc.constantFrom(0.5, 1, 2, 3) }), {
  selector: ({ name }) => name,
  minLength: 2,
  maxLength: 12,
});
const keys = Array.from({ length: 2_000 }, (_, number) => `key:${number}`);

describe("HashRing", () => {
  test("is the same ring for the same members in any order", () => {
    const inTwoOrders = members.chain((nodes) =>
      fc.tuple(fc.constant(nodes), fc.shuffledSubarray(nodes, { minLength: nodes.length })),
    );
    fc.assert(
      fc.property(inTwoOrders, ([nodes, shuffled]) => {
        const grown = shuffled.reduce((ring, node) => ring.withNode(node), new HashRing());
        expect(new HashRing(shuffled)).toEqual(new HashRing(nodes));
        expect(grown).toEqual(new HashRing(nodes));
      }),
      parameters,
    );
  });

  test("moves only the keys of a removed node", () => {
    fc.assert(
      fc.property(members, ([first, ...rest]) => {
        const left = (first as RingNode).name;
        const before = new HashRing([first as RingNode, ...rest]);
        const after = before.withoutNode(left);
        for (const key of keys) {
          if (before.owner(key) === left) expect(after.owner(key)).toBe(before.owners(key, 2)[1] as string);
          else expect(after.owner(key)).toBe(before.owner(key));
        }
      }),
      parameters,
    );
  });

  test("moves about 1/N of the keys to an added node, and none between the others", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }).chain(nodeNames), (names) => {
        const after = new HashRing(names);
        const joined = names[0] as string;
        const before = after.withoutNode(joined);
        const moved = keys.filter((key) => before.owner(key) !== after.owner(key));
        for (const key of moved) expect(after.owner(key)).toBe(joined);
        const ideal = keys.length / names.length;
        // A sample of 2,000 keys has a standard deviation of at most the square root of the expected number. Six
        // deviations never happen.
        expect(Math.abs(moved.length - ideal)).toBeLessThan(ideal * 0.1 + 6 * Math.sqrt(ideal));
      }),
      parameters,
    );
  });

  test("spreads the ring within 10% of even over 10 nodes of any names", () => {
    fc.assert(
      fc.property(nodeNames(10), (names) => {
        const ring = new HashRing(names, { virtualNodes: 160 });
        for (const share of shares(ring)) expect(Math.abs(share * 10 - 1)).toBeLessThan(0.1);
      }),
      { ...parameters, numRuns: 200 },
    );
  });

  test("spreads keys within 10% of even over 10 nodes", () => {
    const ring = new HashRing(Array.from({ length: 10 }, (_, number) => `10.0.0.${number}:6379`));
    const counts = countOwners(ring, 200_000);
    expect(counts.size).toBe(10);
    for (const count of counts.values()) expect(Math.abs(count / 20_000 - 1)).toBeLessThan(0.1);
  });

  test("gives shares in proportion to the weights", () => {
    fc.assert(
      fc.property(members, (nodes) => {
        const ring = new HashRing(nodes);
        const total = nodes.reduce((sum, { weight }) => sum + weight, 0);
        for (const [index, share] of shares(ring).entries()) {
          const ideal = (ring.nodes[index]?.weight as number) / total;
          expect(Math.abs(share / ideal - 1)).toBeLessThan(0.2);
        }
      }),
      parameters,
    );
  });

  test("names distinct owners, the owner first, and each further one is the owner on a ring without those before", () => {
    fc.assert(
      fc.property(members, fc.string(), (nodes, key) => {
        const ring = new HashRing(nodes);
        const owners = ring.owners(key, nodes.length);
        expect(owners.toSorted()).toEqual(nodes.map(({ name }) => name).toSorted());
        let rest = ring;
        for (const owner of owners) {
          expect(rest.owner(key)).toBe(owner);
          rest = rest.withoutNode(owner);
        }
      }),
      parameters,
    );
  });

  test("finds the same owner for a key's bytes as for its string", () => {
    const ring = new HashRing(["a", "b", "c", "d"]);
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 600 }), (key) => {
        expect(ring.owner(new TextEncoder().encode(key))).toBe(ring.owner(key));
      }),
      parameters,
    );
  });

  test("assigns a position that two nodes share to the one whose name comes first", () => {
    // Two names, found by search, that have a point at the same position.
    for (const names of [
      ["node-436", "node-998"],
      ["node-998", "node-436"],
    ]) {
      const { positions, nodeIndexes } = new HashRing(names).points;
      const point = positions.indexOf(2_213_333);
      expect([...positions.subarray(point, point + 2)]).toEqual([2_213_333, 2_213_333]);
      expect([...nodeIndexes.subarray(point, point + 2)]).toEqual([0, 1]);
    }
  });
});

describe("HashRing refuses", () => {
  const refusals: [string, () => unknown, RegExp][] = [
    ["a duplicate node", () => new HashRing(["a", "b", { name: "a", weight: 2 }]), /node "a" is on the ring twice/],
    ["to add a node again", () => new HashRing(["a"]).withNode("a"), /node "a" is on the ring twice/],
    ["to remove a stranger", () => new HashRing(["a"]).withoutNode("b"), /no node "b" on the ring/],
    ["an empty name", () => new HashRing([""]), /1 to 255 characters, not ""/],
    ["a long name", () => new HashRing(["x".repeat(256)]), /1 to 255 characters/],
    ["a name that is no string", () => new HashRing([{ name: 7 as unknown as string }]), /1 to 255 characters, not 7/],
    [
      "a weight of zero",
      () => new HashRing([{ name: "a", weight: 0 }]),
      /weight of "a" lies from 0.01 to 100, not at 0/,
    ],
    ["a weight of NaN", () => new HashRing([{ name: "a", weight: NaN }]), /weight of "a" .* not at NaN/],
    ["a weight beyond the limit", () => new HashRing([{ name: "a", weight: 101 }]), /not at 101/],
    ["half a virtual node", () => new HashRing([], { virtualNodes: 0.5 }), /virtualNodes is a whole number from 1/],
    ["no points", () => new HashRing([], { pointsPerVirtualNode: 0 }), /pointsPerVirtualNode .* from 1 to 64, not 0/],
    ["too many points", () => new HashRing(manyNodes(1_700)), /at most 4194304 points/],
    ["the owner on an empty ring", () => new HashRing().owner("key"), /an empty ring has no owners/],
    ["owners on an empty ring", () => new HashRing().owners("key", 1), /can name 1 to 0 owners/],
    [
      "more owners than nodes",
      () => new HashRing(["a", "b"]).owners("key", 3),
      /can name 1 to 2 owners on this ring, not 3/,
    ],
    ["no owners", () => new HashRing(["a"]).owners("key", 0), /not 0/],
  ];
  test.each(refusals)("%s", (_, action, message) => {
    expect(action).toThrow(RangeError);
    expect(action).toThrow(message);
  });
});

function manyNodes(count: number): RingNode[] {
  return Array.from({ length: count }, (_, number) => ({ name: `node-${number}` }));
}

/**
 * The part of the ring that each node owns, computed from its points. An endless number of keys would show the same.
 */
function shares({ nodes, points: { positions, nodeIndexes } }: HashRing): number[] {
  const owned = nodes.map(() => 0);
  let previous = (positions.at(-1) as number) - 2 ** 32;
  for (const [point, position] of positions.entries()) {
    owned[nodeIndexes[point] as number]! += (position - previous) / 2 ** 32;
    previous = position;
  }
  return owned;
}

function countOwners(ring: HashRing, keyCount: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let number = 0; number < keyCount; number++) {
    const owner = ring.owner(`user:${number}`);
    counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  return counts;
}
