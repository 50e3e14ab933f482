import { afterAll, describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { stableGenericSteps } from "./stable-generic-steps.ts";
import { expectSame, expectSameGenerated, generatedTimeoutMs } from "./harness/index.ts";
import { groupSteps, streamSteps } from "./stream-steps.ts";

const redis = requireService("redis");
const nodes = (bytes: number, entries: number): string[] => [
  ...["CONFIG", "SET", "stream-node-max-bytes", String(bytes)],
  ...["stream-node-max-entries", String(entries)],
];

describe.skipIf(redis.missing)(`generated stream sequences give the same as redis-server${redis.reason}`, () => {
  afterAll(() => expectSame([nodes(4096, 100)]));

  test(
    "with nodes of few entries",
    () => expectSameGenerated({ commands: streamSteps, before: [nodes(4096, 3)], runs: 60, maxSteps: 60 }),
    generatedTimeoutMs,
  );

  test(
    "with nodes of few bytes",
    () => expectSameGenerated({ commands: streamSteps, before: [nodes(120, 0)], runs: 60, maxSteps: 60 }),
    generatedTimeoutMs,
  );

  test(
    "with consumer groups",
    () =>
      expectSameGenerated({
        commands: [...streamSteps, ...groupSteps, ...groupSteps],
        before: [nodes(4096, 4), ["XGROUP", "CREATE", "a", "g", "0", "MKSTREAM"]],
        runs: 80,
        maxSteps: 80,
      }),
    generatedTimeoutMs,
  );

  test(
    "with copies, renamed keys and expiry",
    () =>
      expectSameGenerated({
        commands: [...streamSteps, ...streamSteps, ...groupSteps, ...stableGenericSteps],
        before: [nodes(4096, 4)],
        runs: 40,
        maxSteps: 60,
      }),
    generatedTimeoutMs,
  );
});
