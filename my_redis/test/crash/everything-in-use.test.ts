import { expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { CrashRounds } from "./crash-rounds.ts";

/** Some rounds of every test run; `npm run crash -- --rounds N --seed S` runs more. */
const seed = 20_261_128;
const rounds = 12;
const redis = requireService("redis");

test(`transactions, scripts, streams with groups, expiries and blocked clients survive kill -9 during writes, rewrites and snapshots, whole and as acknowledged (seed ${seed})`, async () => {
  const random = new SeededRandom(seed);
  const crashes = new CrashRounds();
  for (let round = 0; round < rounds; round++) {
    const comparesWithRedis = !redis.missing && round % 4 === 3;
    expect([round, ...(await crashes.run({ random, comparesWithRedis }))]).toEqual([round]);
  }
  await crashes.end();
  expect(crashes.taken).toBeGreaterThan(0);
}, 180_000);
