import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { databaseSteps, otherTypeSteps, stringSteps } from "./arbitrary-commands.ts";
import { hashSteps } from "./hash-steps.ts";
import { expectSameGenerated, generatedTimeoutMs, type Step } from "./harness/index.ts";
import type { SideEffect } from "./harness/side-effects.ts";
import { listSteps } from "./list-steps.ts";
import { setSteps } from "./set-steps.ts";
import { stableGenericSteps } from "./stable-generic-steps.ts";

const redis = requireService("redis");

/** DIFFERENTIAL_COMPARE=dirty compares the number of changes since the last snapshot, too. */
const further = (process.env["DIFFERENTIAL_COMPARE"] ?? "").split(",").filter((each) => each !== "") as SideEffect[];
const sideEffects: readonly SideEffect[] = ["statistics", "notifications", ...further];

const groups = {
  strings: stringSteps,
  lists: listSteps,
  hashes: hashSteps,
  sets: setSteps,
  "other types": otherTypeSteps,
  "whole databases": [...databaseSteps, ...stringSteps],
};

/**
 * Whether both servers run it in the same way. A scan has pages of different sizes. XREADGROUP without new entries
 * creates its consumer as in Redis 7.2, which 7.0 does not, and redis-server looks its streams up twice.
 */
const isComparable = (step: Step): boolean => Array.isArray(step) && step[0] !== "XREADGROUP";

const ping: Step = ["PING"];

/** 1,000,000 commands: DIFFERENTIAL_RUNS=140 DIFFERENTIAL_SEED=random bun test my_redis/test/differential/statistics-generated.test.ts */
describe.skipIf(redis.missing)(`generated commands count and notify as in redis-server${redis.reason}`, () => {
  for (const [name, steps] of Object.entries(groups)) {
    test(
      name,
      () => {
        const commands = [...stableGenericSteps, ...steps, ...steps].map((each) =>
          each.map((step) => (isComparable(step) ? step : ping)),
        );
        return expectSameGenerated({ commands, sideEffects, runs: 30 });
      },
      generatedTimeoutMs,
    );
  }
});
