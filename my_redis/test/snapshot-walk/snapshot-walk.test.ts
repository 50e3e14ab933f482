import { expect, test } from "bun:test";
import { propertySeed } from "../../../tools/property-seed.ts";
import { runWalkRound } from "./walk-round.ts";

/** A round of every test run. `npm run walk:snapshots` runs as many as there is time for. */
const seed = propertySeed();

test(`redis-server loads what was there when BGSAVE began, and at the end of the log, while clients change large values (seed ${seed})`, async () => {
  const { requests, expired, differences } = await runWalkRound({ seed, snapshots: 2 });
  expect(differences).toEqual([]);
  expect(requests).toBeGreaterThan(100);
  expect(expired).toBeGreaterThan(0);
}, 120_000);
