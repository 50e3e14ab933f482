import { afterAll, beforeAll, describe, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../../tools/property-seed.ts";
import { requireService } from "../../../../tools/test-services/index.ts";
import { sequenceFailure } from "../../differential/harness/expect-same.ts";
import type { Step, Word } from "../../differential/harness/index.ts";
import { type RingPair, startRingPair } from "./ring-pair.ts";
import { tagged, tagOfEachNode } from "./tagged-steps.ts";

const redis = requireService("redis");
let pair: RingPair | undefined;

const key = fc.constantFrom<Word>("a", "b");
/**
 * Blocking commands, each with a command that is sure to unblock it. Each waits for one key only: when several keys
 * become ready at once, Redis 7.2 serves the first one in the command, but the installed 7.0 serves the one that became
 * ready first.
 */
const waits: readonly { readonly command: readonly Word[]; readonly end: readonly Word[] }[] = [
  { command: ["BLPOP", "b", 0], end: ["RPUSH", "b", "end"] },
  { command: ["BRPOP", "a", 0], end: ["LPUSH", "a", "end"] },
  { command: ["BLMOVE", "a", "b", "LEFT", "RIGHT", 0], end: ["RPUSH", "a", "end"] },
  { command: ["BLMPOP", 0, 1, "a", "LEFT", "COUNT", 2], end: ["RPUSH", "a", "one", "two"] },
  { command: ["BZPOPMIN", "c", 0], end: ["ZADD", "c", 1, "member"] },
  { command: ["BZMPOP", 0, 1, "c", "MAX"], end: ["ZADD", "c", 2, "member"] },
  { command: ["XREAD", "BLOCK", 0, "STREAMS", "d", "$"], end: ["XADD", "d", "9-1", "field", "value"] },
];
/** Commands of other clients in the meantime, in one slot. None of them is certain to unblock a client. */
const meanwhile = fc.oneof(
  key.map((name): Step => ["RPUSH", name, "value"]),
  key.map((name): Step => ["LPOP", name]),
  fc.constant<Step>(["SET", "a", "a string"]),
  fc.constant<Step>(["DEL", "a"]),
  fc.constant<Step>(["RENAME", "b", "a"]),
  fc.constant<Step>(["EVAL", "redis.call('RPUSH', KEYS[1], 'x') return redis.call('LPOP', KEYS[1])", 1, "a"]),
  fc.constant<Step>(["GET", "elsewhere"]),
);
const round = fc.tuple(
  fc.constantFrom(...waits),
  fc.constantFrom(...waits),
  fc.array(meanwhile, { maxLength: 5 }),
  fc.boolean(),
);

describe.skipIf(redis.missing)(`clients that wait at one node of three${redis.reason}`, () => {
  beforeAll(async () => {
    pair = await startRingPair();
  }, 30_000);
  afterAll(() => pair?.close());

  test("are unblocked as by one redis-server, in their turn", async () => {
    const started = pair as RingPair;
    const tags = tagOfEachNode(started.ring);
    let failure = "";
    const property = fc.asyncProperty(
      fc.constantFrom(...tags),
      fc.array(round, { maxLength: 4 }),
      async (tag, rounds) => {
        const steps = rounds.flatMap(([first, second, others, inTransaction]): Step[] => [
          ["DEL", "a", "b", "c", "d"],
          { on: 1, command: first.command, blocks: true },
          { on: 2, command: second.command, blocks: true },
          ...(inTransaction ? [["MULTI"] as Step, ...others.filter(isInSlot), ["EXEC"] as Step] : others),
          // Elements that are left must not keep the blocked clients from being served.
          ["DEL", "a", "b"],
          first.end,
          ["DEL", "a", "b"],
          second.end,
          ["DEL", "a", "b"],
          first.end,
          { awaitReply: 1 },
          { awaitReply: 2 },
        ]);
        const found = await sequenceFailure(
          steps.map((step) => tagged(step, tag)),
          { pair: async () => started },
        );
        failure = found ?? failure;
        return found === undefined;
      },
    );
    const result = await fc.check(property, { seed: propertySeed(), numRuns: 40, endOnFailure: true });
    if (result.failed) throw new Error(failure === "" ? fc.defaultReportMessage(result) : failure);
  }, 60_000);
});

const isInSlot = (step: Step): boolean => Array.isArray(step) && step[0] !== "GET";
