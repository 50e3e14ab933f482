import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../../tools/property-seed.ts";
import { type Flaw, Simulation, type SimulationPlan } from "./simulation.ts";

/** How many histories are tried. SIMULATION_RUNS for more of them. */
const runs = Number(process.env["SIMULATION_RUNS"] ?? 400);

const spanMs = 4000;
const keys = 8;

const plans = (flaw: Flaw): fc.Arbitrary<SimulationPlan> =>
  fc.record({
    flaw: fc.constant(flaw),
    seed: fc.nat(),
    nodes: fc.integer({ min: 2, max: 4 }),
    loss: fc.constantFrom(0, 0, 0.02, 0.1),
    writes: fc.array(
      fc.record({
        atMs: fc.nat(spanMs),
        node: fc.nat(3),
        kind: fc.constantFrom("mset", "mset", "msetnx", "del", "rename", "renamenx", "set"),
        keys: fc.uniqueArray(fc.nat(keys - 1), { minLength: 2, maxLength: 4 }),
      }),
      { minLength: 1, maxLength: 60, size: "max" },
    ),
    faults: fc.array(
      fc.record({
        atMs: fc.nat(spanMs),
        node: fc.nat(3),
        kind: fc.constantFrom("crash", "crash", "freeze", "cut"),
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
  test("are done everywhere or nowhere, seen whole or not at all, and lock no key for long, whatever fails", () => {
    fc.assert(fc.property(plans("none"), holds), { seed: propertySeed(), numRuns: runs });
  }, 120_000);

  for (const flaw of ["answers-before-log", "forgets-acceptances", "breaks-promises"] as const) {
    test(`the simulation notices a protocol that ${flaw.replaceAll("-", " ")}`, () => {
      const search = (): void =>
        fc.assert(fc.property(plans(flaw), holds), { seed: 7, numRuns: 20_000, endOnFailure: true });
      expect(search).toThrow();
    }, 120_000);
  }
});
