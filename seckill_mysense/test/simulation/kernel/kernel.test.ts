import { describe, expect, test } from "bun:test";
import { firstFinding } from "../../../../tools/simulation/first-finding.ts";
import { flaws, rareFlaws, type Flaw } from "./flaws.ts";
import { foundBy } from "./found-by.ts";
import { modeNames, modes } from "./modes.ts";
import { simulate, type SimulationOptions } from "./simulation.ts";

const schedules = 2_000;
/** Another range of seeds: KERNEL_SEED=123456 bun test kernel.test.ts */
const firstSeed = Number(process.env["KERNEL_SEED"] ?? 1);

test.each(modeNames)(
  `the sale's kernel keeps its invariants in ${schedules} schedules from seed ${firstSeed}, %s`,
  (name) => {
    for (let seed = firstSeed; seed < firstSeed + schedules; seed++) {
      const problems = simulate({ seed, ...modes[name] });
      if (problems.length > 0) expect({ seed, problems }).toEqual({ seed, problems: [] });
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
      expect(seedThatFinds(flaw, 1_000)).toBeGreaterThan(0);
    },
    60_000,
  );
});

describe("a planted mistake that needs several rare faults is found within 20,000 schedules", () => {
  test.each(rareFlaws)("%s", (flaw) => expect(seedThatFinds(flaw, 20_000)).toBeGreaterThan(0), 120_000);
});

function stepsOf(seed: number): string[] {
  const steps: string[] = [];
  for (const name of modeNames) simulate({ seed, ...modes[name], onStep: (step) => steps.push(step) });
  return steps;
}

/** A seed with which the simulation finds the mistake; 0 if none of them does. What is known to find it comes first. */
function seedThatFinds(flaw: Flaw, limit: number): number {
  const [name, known] = foundBy[flaw];
  const found = firstFinding<SimulationOptions>({
    known: { seed: known, ...modes[name] },
    others: schedulesUpTo(limit),
    failsWithMistake: (options) => simulate({ ...options, flaw }).length > 0,
    failsWithout: (options) => simulate(options).length > 0,
  });
  return found !== undefined && found.seed <= limit ? found.seed : 0;
}

function* schedulesUpTo(limit: number): Generator<SimulationOptions> {
  for (let seed = 1; seed <= limit; seed++) for (const mode of Object.values(modes)) yield { seed, ...mode };
}
