import { describe, expect, test } from "bun:test";
import { propertySeed } from "../../../../tools/property-seed.ts";
import { simulateStart, type StartPlan } from "./simulate-start.ts";

const timeoutMs = 120_000;

/** A small sale whose units last for a hundred seconds of admission. `npm run simulate:start` has 30,000 accounts. */
const plan: Omit<StartPlan, "mode"> = {
  ...{ people: 1_200, bots: 600, units: 400, admitPerSecond: 4, timesAsOften: 20, seed: propertySeed() },
};

describe("the start of a sale with bots that ask often, solve fast and act at once", () => {
  test(
    "in a draw bots win about their share of the identities, and no limit refuses people",
    async () => {
      const outcome = await simulateStart({ ...plan, mode: "draw" });
      expect(outcome.wonByPeople + outcome.wonByBots).toBe(plan.units);
      // 1.07 on average, since people hesitate. Five standard deviations of a draw of 400 among 1,800 are 0.3.
      expect(outcome.advantage).toBeWithin(0.77, 1.37);
      expect(outcome.refusedPeople).toBe(0);
      expect(outcome.requestsOfBots / plan.bots).toBeGreaterThan((10 * outcome.requestsOfPeople) / plan.people);
    },
    timeoutMs,
  );

  test.each(["queue", "first come"] as const)(
    "in the mode %s bots win all, so the simulation can tell the difference",
    async (mode) => {
      expect((await simulateStart({ ...plan, mode })).wonByPeople).toBe(0);
    },
    timeoutMs,
  );
});
