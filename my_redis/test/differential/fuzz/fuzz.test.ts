import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireService } from "../../../../tools/test-services/index.ts";
import { FuzzPair, showSteps } from "./fuzz-pair.ts";

const redis = requireService("redis");

/** The sequences of every test run. `npm run fuzz:statistics` runs as many as you like, with other seeds. */
const firstSeed = 1;
const sequences = 20;

describe.skipIf(redis.missing)(`generated requests of several clients${redis.reason}`, () => {
  let pair: FuzzPair;

  beforeAll(async () => {
    pair = await FuzzPair.start();
  });

  afterAll(() => pair.close());

  test("have the same replies, counters, events and data as on redis-server", async () => {
    for (let seed = firstSeed; seed < firstSeed + sequences; seed++) {
      const failure = await pair.runSeed(seed);
      // A sequence that differs only once has met a slow moment of the machine: a key expired before it was used.
      if (failure?.repeats === true) {
        throw new Error(`seed ${seed}: ${failure.difference}\n${showSteps(failure.steps)}`);
      }
    }
    expect(pair.requests).toBeGreaterThan(sequences * 50);
  }, 60_000);
});
