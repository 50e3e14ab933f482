import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../../tools/property-seed.ts";
import type { Flaw } from "./simulated-node.ts";
import { type SimulatedFault, Simulation, type SimulationPlan, type WriteKind } from "./simulation.ts";

/** How many histories are tried. SIMULATION_RUNS sets more of them. */
const runs = Number(process.env["SIMULATION_RUNS"] ?? 400);

const testTimeoutMs = Math.max(120_000, runs * 30);
const spanMs = 4000;
const keys = 8;

interface Circumstances {
  readonly flaw: Flaw;
  readonly nodes: fc.Arbitrary<number>;
  readonly loss: fc.Arbitrary<number>;
  readonly slowness: fc.Arbitrary<number>;
  readonly kinds: readonly WriteKind[];
  readonly faults: readonly SimulatedFault["kind"][];
}

const ordinary: Circumstances = {
  flaw: "none",
  nodes: fc.integer({ min: 2, max: 5 }),
  loss: fc.constantFrom(0, 0, 0.02, 0.1),
  slowness: fc.constantFrom(0, 0, 0.02, 0.1),
  kinds: ["mset", "mset", "msetnx", "del", "rename", "renamenx", "set"],
  faults: ["crash", "crash", "freeze", "cut", "rewrite"],
};
/** Circumstances in which decisions often conflict, so that mistakes show soon. */
const adverse: Circumstances = {
  flaw: "none",
  nodes: fc.constant(3),
  loss: fc.constant(0.05),
  slowness: fc.constant(0.2),
  kinds: ["mset"],
  faults: ["crash", "freeze", "freeze", "cut"],
};

const plans = ({ flaw, nodes, loss, slowness, kinds, faults }: Circumstances): fc.Arbitrary<SimulationPlan> =>
  fc.record({
    flaw: fc.constant(flaw),
    seed: fc.nat(),
    nodes,
    loss,
    slowness,
    writes: fc.array(
      fc.record({
        atMs: fc.nat(spanMs),
        node: fc.nat(4),
        kind: fc.constantFrom(...kinds),
        keys: fc.uniqueArray(fc.nat(keys - 1), { minLength: 2, maxLength: 4 }),
      }),
      { minLength: 1, maxLength: 60, size: "max" },
    ),
    faults: fc.array(
      fc.record({
        atMs: fc.nat(spanMs),
        node: fc.nat(4),
        kind: fc.constantFrom(...faults),
        durationMs: fc.integer({ min: 1, max: 1500 }),
      }),
      { maxLength: 12, size: "max" },
    ),
  });

const holds = (plan: SimulationPlan): void => {
  const problem = new Simulation(plan).run();
  if (problem !== undefined) throw new Error(problem);
};

describe("writes across nodes, simulated", () => {
  test(
    "are done on all nodes or on none, seen completely or not at all, and lock no key for long, whatever fails",
    () => {
      fc.assert(fc.property(plans(ordinary), holds), { seed: propertySeed(), numRuns: runs });
    },
    testTimeoutMs,
  );

  test("a coordinator that asks late does not mistake a finished and forgotten transaction for one that never happened", () => {
    holds({
      seed: 10,
      nodes: 2,
      loss: 0.1,
      slowness: 0,
      writes: [
        { atMs: 0, node: 0, kind: "mset", keys: [0, 2] },
        { atMs: 1830, node: 1, kind: "mset", keys: [5, 0] },
      ],
      faults: [
        { atMs: 2514, node: 0, kind: "freeze", durationMs: 1083 },
        { atMs: 1937, node: 3, kind: "freeze", durationMs: 737 },
        { atMs: 69, node: 0, kind: "crash", durationMs: 1 },
        { atMs: 2687, node: 3, kind: "freeze", durationMs: 594 },
      ],
    });
  });

  for (const flaw of ["answers-before-log", "forgets-acceptances", "hides-acceptances"] as const) {
    test(`the simulation notices a protocol that ${flaw.replaceAll("-", " ")}`, () => {
      const search = (): void =>
        fc.assert(fc.property(plans({ ...adverse, flaw }), holds), { seed: 3, numRuns: 20_000, endOnFailure: true });
      expect(search).toThrow();
    }, 120_000);
  }
});
