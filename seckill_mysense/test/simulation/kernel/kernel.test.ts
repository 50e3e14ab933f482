import { describe, expect, test } from "bun:test";
import { flaws, rareFlaws, type Flaw } from "./flaws.ts";
import { simulate } from "./simulation.ts";

const schedules = 2_000;
/** Another range of seeds: KERNEL_SEED=123456 bun test kernel.test.ts */
const firstSeed = Number(process.env["KERNEL_SEED"] ?? 1);

const modes = [
  ["as usual", {}],
  ["with waiting lists", { crowded: true }],
  ["with bundles", { bundled: true }],
] as const;

test.each(modes)(
  `the sale's kernel keeps its invariants in ${schedules} schedules from seed ${firstSeed}, %s`,
  (_, mode) => {
    for (let seed = firstSeed; seed < firstSeed + schedules; seed++) {
      expect({ seed, problems: simulate({ seed, ...mode }) }).toEqual({ seed, problems: [] });
    }
  },
  120_000,
);

test("the same seed gives the same steps", () => {
  for (let seed = 1; seed <= 20; seed++) expect(stepsOf(seed)).toEqual(stepsOf(seed));
  expect(stepsOf(1)).not.toEqual(stepsOf(2));
});

describe("a planted mistake is found within 1,000 schedules", () => {
  test.each(flaws.filter((flaw) => !rareFlaws.includes(flaw)))(
    "%s",
    (flaw) => {
      expect(firstFinding(flaw, 1_000)).toBeGreaterThan(0);
    },
    60_000,
  );
});

describe("a planted mistake that needs several rare faults is found within 20,000 schedules", () => {
  test.each(rareFlaws)("%s", (flaw) => expect(firstFinding(flaw, 20_000)).toBeGreaterThan(0), 120_000);
});

function stepsOf(seed: number): string[] {
  const steps: string[] = [];
  for (const [, mode] of modes) simulate({ seed, ...mode, onStep: (step) => steps.push(step) });
  return steps;
}

/** The first seed with which the simulation finds the mistake; 0 if none of them does. */
function firstFinding(flaw: Flaw, limit: number): number {
  for (let seed = 1; seed <= limit; seed++) {
    for (const [, mode] of modes) if (simulate({ seed, ...mode, flaw }).length > 0) return seed;
  }
  return 0;
}
