import { describe, expect, test } from "bun:test";
import { propertySeed } from "../../../tools/property-seed.ts";
import { runWalkRound } from "./walk-round.ts";

/** A round of each kind in every test run. `npm run walk:snapshots` runs as many as there is time for. */
const seed = propertySeed();

describe(`redis-server loads what was there when BGSAVE began, and at the end of the log, while clients change large values (seed ${seed})`, () => {
  test("and keys expire", async () => {
    const { requests, expired, differences } = await runWalkRound({ seed, snapshots: 1, evicts: false });
    expect(differences).toEqual([]);
    expect(requests).toBeGreaterThan(100);
    expect(expired).toBeGreaterThan(0);
  }, 120_000);

  test("and keys are evicted", async () => {
    const { evicted, differences } = await runWalkRound({ seed, snapshots: 1, evicts: true });
    expect(differences).toEqual([]);
    expect(evicted).toBeGreaterThan(0);
  }, 120_000);
});
