import { describe, expect, test } from "bun:test";
import { firstFinding } from "../../../tools/simulation/first-finding.ts";
import { foundBy } from "./found-by.ts";
import { mistakeNames, type Mistake } from "./mistakes.ts";
import { type ModeName, modeNames, modes } from "./modes.ts";
import { plantedSimulation } from "./planted-simulation.ts";
import { simulate } from "./simulation.ts";

interface Schedule {
  readonly mode: ModeName;
  readonly seed: number;
}

/** In each mode. Where slots move, or more is written, a schedule takes longer. */
const schedulesOf = (mode: ModeName): number => (modes[mode].movesSlots || modes[mode].writesAcross ? 200 : 500);
/** Another range of seeds: RING_SEED=123456 bun test ring.test.ts */
const firstSeed = Number(process.env["RING_SEED"] ?? 1);
const mostSeeds = 1_000;

test.each(modeNames)(
  `the ring keeps its promises in schedules from seed ${firstSeed} on, %s`,
  (mode) => {
    for (let seed = firstSeed; seed < firstSeed + schedulesOf(mode); seed++) {
      const problems = simulate({ seed, mode: modes[mode] });
      if (problems.length > 0) expect({ seed, problems }).toEqual({ seed, problems: [] });
    }
  },
  120_000,
);

test("the same seed gives the same steps", () => {
  for (const mode of modeNames) expect(stepsOf({ mode, seed: 7 })).toEqual(stepsOf({ mode, seed: 7 }));
  expect(stepsOf({ mode: "usual", seed: 7 })).not.toEqual(stepsOf({ mode: "usual", seed: 8 }));
});

describe(`a planted mistake is found within ${mostSeeds} seeds`, () => {
  test.each(mistakeNames)(
    "%s",
    async (mistake) => {
      expect(await seedThatFinds(mistake)).toBeLessThanOrEqual(mostSeeds);
    },
    120_000,
  );
});

async function seedThatFinds(mistake: Mistake): Promise<number> {
  const planted = await plantedSimulation(mistake);
  const [mode, seed] = foundBy[mistake];
  const found = firstFinding<Schedule>({
    known: { mode, seed },
    others: schedulesUpTo(mostSeeds),
    failsWithMistake: ({ mode, seed }) => planted({ seed, mode: modes[mode] }).length > 0,
    failsWithout: ({ mode, seed }) => simulate({ seed, mode: modes[mode] }).length > 0,
  });
  return found?.seed ?? Number.POSITIVE_INFINITY;
}

function* schedulesUpTo(limit: number): Generator<Schedule> {
  for (let seed = 1; seed <= limit; seed++) for (const mode of modeNames) yield { mode, seed };
}

function stepsOf({ mode, seed }: Schedule): string[] {
  const steps: string[] = [];
  simulate({ seed, mode: modes[mode], onStep: (step) => steps.push(step) });
  return steps;
}
