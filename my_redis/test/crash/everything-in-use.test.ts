import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { CrashRounds } from "./crash-rounds.ts";

/** Rounds with one data folder. */
const rounds = 20;
/** 200 rounds in all; `npm run crash -- --rounds N --seed S` runs more. */
const seeds = Array.from({ length: 10 }, (_, index) => 20_261_128 + index);
const redis = requireService("redis");

describe("transactions, scripts, streams with groups, expiries and blocked clients", () => {
  test.each(seeds)(
    "survive kill -9 during writes, rewrites and snapshots, whole and as acknowledged (seed %i)",
    async (seed) => {
      const random = new SeededRandom(seed);
      const crashes = new CrashRounds();
      for (let round = 0; round < rounds; round++) {
        const comparesWithRedis = !redis.missing && round % 5 === 4;
        expect([round, ...(await crashes.run({ random, comparesWithRedis }))]).toEqual([round]);
      }
      await crashes.end();
      expect(crashes.taken).toBeGreaterThan(0);
    },
    300_000,
  );
});
