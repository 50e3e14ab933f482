import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { requireService } from "../../../../tools/test-services/index.ts";
import { genericSteps, otherTypeSteps, stringSteps } from "../../differential/arbitrary-commands.ts";
import { expectSame } from "../../differential/harness/expect-same.ts";
import { expectSameGenerated, generatedTimeoutMs } from "../../differential/harness/generated-sequences.ts";
import type { Step, Word } from "../../differential/harness/index.ts";
import { orderedHashSteps } from "../../differential/hash-steps.ts";
import { listSteps } from "../../differential/list-steps.ts";
import { type RingPair, startRingPair } from "./ring-pair.ts";
import { inSlots, tagOfEachNode } from "./tagged-steps.ts";

const redis = requireService("redis");
let started: RingPair | undefined;
const pair = async (): Promise<RingPair> => started as RingPair;

/** The tag of the first node comes first. */
const tags = (): string[] => tagOfEachNode((started as RingPair).ring);

/** Replaces commands on all keys, because another test compares them. */
const withKeys = (step: Step): Step =>
  Array.isArray(step) && ["KEYS", "DBSIZE"].includes(String(step[0])) ? ["PING"] : step;
const command = (...words: Word[]): fc.Arbitrary<Step> => fc.constant(words);

/** Transactions on one slot: keys are watched, and commands are queued and discarded. */
const transactionSteps = [
  command("MULTI"),
  command("MULTI"),
  command("EXEC"),
  command("EXEC"),
  command("DISCARD"),
  command("WATCH", "a", "b"),
  command("UNWATCH"),
  command("INCR"),
  command("NO-SUCH-COMMAND", "a"),
];

/** Commands about the connection, and scripts. */
const connectionSteps = [
  command("SELECT", 1),
  command("SELECT", 0),
  command("SELECT", 99),
  command("PING"),
  command("ECHO", "word"),
  command("EVAL", "return {KEYS[1], redis.call('INCR', KEYS[1])}", 1, "a"),
  command("EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", 2, "b", "c", "value"),
  command("EVAL", "return {1, 'two', false, {3.7}}", 0),
  command("EVALSHA", "d8f2fad9f8e86a53d2a6ebd960b33c4972cacc37", 1, "a", "b"),
  command("EVALSHA", "0".repeat(40), 1, "a"),
  command("EVAL", "no lua", 1, "a"),
];

describe.skipIf(redis.missing)(`one node of three answers for all nodes${redis.reason}`, () => {
  beforeAll(async () => {
    started = await startRingPair();
  }, 30_000);
  afterAll(() => started?.close());

  test(
    "as one redis-server does: commands on every type",
    async () => {
      const data = [...stringSteps, ...genericSteps, ...otherTypeSteps, ...listSteps, ...orderedHashSteps];
      const commands = inSlots(
        data.map((step) => step.map(withKeys)),
        tags(),
      );
      await expectSameGenerated({ commands, pair, runs: 60, maxSteps: 60 });
    },
    generatedTimeoutMs,
  );

  test(
    "as one redis-server does: transactions, databases, protocols and scripts",
    async () => {
      const chosen = tags();
      const steps = [...stringSteps, ...transactionSteps, ...connectionSteps];
      // Within MULTI all keys must be in one slot, so the steps of a run use the slots of one node at a time.
      const commands = inSlots(steps, chosen.slice(1, 2));
      await expectSameGenerated({ commands, pair, runs: 150, maxSteps: 60 });
    },
    generatedTimeoutMs,
  );

  test("also to a client that changes its protocol and its database in between", async () => {
    const [here, there] = tags() as [string, string];
    const connection = await started!.ring.connect(0);
    for (const tag of [here, there]) {
      const key = `{${tag}}hash`;
      await connection.replies([
        ["SELECT", 1],
        ["HELLO", 2],
        ["DEL", key],
        ["HSET", key, "field", "1"],
      ]);
      const replies = await connection.replies([
        ["HGETALL", key],
        ["HELLO", 3],
        ["HGETALL", key],
        ["SELECT", 2],
        ["HGETALL", key],
        ["HELLO", 2],
        ["SELECT", 1],
        ["HGETALL", key],
      ]);
      expect(replies.map(({ sign, items }) => sign + (items?.length ?? 0))).toEqual([
        "*2",
        "%14",
        "%2",
        "+0",
        "%0",
        "*14",
        "+0",
        "*2",
      ]);
    }
    connection.close();
  });

  test("as one redis-server does: a client in a blocking command is served in its turn, and times out", async () => {
    for (const tag of tags()) {
      const list = `{${tag}}list`;
      const other = `{${tag}}other`;
      await expectSame(
        [
          { on: 1, command: ["BLPOP", list, other, 0], blocks: true },
          { on: 2, command: ["BLMOVE", list, other, "LEFT", "RIGHT", 0], blocks: true },
          ["RPUSH", list, "one", "two", "three"],
          { awaitReply: 1 },
          { awaitReply: 2 },
          { on: 1, command: ["BRPOP", other, 0] },
          { on: 1, command: ["BLPOP", other, 0.05] },
          { on: 2, command: ["BZPOPMIN", `{${tag}}scores`, 0], blocks: true },
          { on: 3, command: ["XREAD", "BLOCK", 0, "STREAMS", `{${tag}}stream`, "$"], blocks: true },
          ["XADD", `{${tag}}stream`, "1-1", "field", "value"],
          ["ZADD", `{${tag}}scores`, 1, "member"],
          { awaitReply: 2 },
          { awaitReply: 3 },
          ["LRANGE", list, 0, -1],
        ],
        { pair },
      );
    }
  });

  test("in the order of the requests, wherever they go, with errors of every kind", async () => {
    const connection = await started!.ring.connect(0);
    const chosen = tags();
    const commands: Word[][] = [];
    const expected: string[] = [];
    for (let number = 0; number < 300; number++) {
      const key = `{${chosen[number % chosen.length]}}ordered`;
      commands.push(["SET", key, number], ["PING"], ["GET", key], ["GET"], ["NOSUCH"], ["GET", key], ["SELECT", 99]);
      expected.push("OK", "PONG", `${number}`, "ERR wrong", "ERR unkno", `${number}`, "ERR DB in");
    }
    const replies = await connection.replies(commands);
    expect(replies.map(({ text }) => (text ?? "").slice(0, 9))).toEqual(expected);
    connection.close();
  });

  test("with the refusals of this node behind the replies of the others", async () => {
    const connection = await started!.ring.connect(0);
    const chosen = tags();
    const commands: Word[][] = [];
    const expected: string[] = [];
    for (let number = 0; number < 100; number++) {
      const [one, other] = [0, 1].map((step) => `{${chosen[(number + step) % chosen.length]}}refused`);
      commands.push(["SET", one as string, number], ["SINTER", one as string, other as string]);
      expected.push("OK", "CROSSSLOT");
    }
    const replies = await connection.replies(commands);
    expect(replies.map(({ text }) => text?.split(" ")[0])).toEqual(expected);
    connection.close();
  });

  test("with no reply when CLIENT REPLY turns it off", async () => {
    const [, there] = tags() as [string, string];
    const connection = await started!.ring.connect(0);
    const key = `{${there}}quiet`;
    connection.send(
      ["CLIENT", "REPLY", "OFF"],
      ["SET", key, 1],
      ["INCR", key],
      ["CLIENT", "REPLY", "ON"],
      ["GET", key],
    );
    expect([await connection.next(), await connection.next()].map(({ text }) => text)).toEqual(["OK", "2"]);
    connection.send(["CLIENT", "REPLY", "SKIP"], ["INCR", key], ["INCR", key], ["GET", key]);
    expect([await connection.next(), await connection.next()].map(({ text }) => text)).toEqual(["4", "4"]);
    connection.close();
  });
});
