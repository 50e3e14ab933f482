import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { startServer } from "../../index.ts";
import { expectSame, type Step, type Word } from "./harness/index.ts";
import { showReply } from "./harness/reply.ts";
import { RespConnection } from "./harness/resp-connection.ts";

const redis = requireService("redis");
const waits = (on: number, ...command: Word[]): Step => ({ on, command, blocks: true });
const served = (on: number): Step => ({ awaitReply: on });
const readNew = (consumer: Word, key: Word = "s"): Word[] => [
  ...["XREADGROUP", "GROUP", "g", consumer, "BLOCK", "0", "COUNT", "1"],
  ...["STREAMS", key, ">"],
];

describe.skipIf(redis.missing)(`blocked readers are served as by redis-server${redis.reason}`, () => {
  test("XREAD waits for entries after the last one", () =>
    expectSame([
      ["XADD", "s", "1", "f", "v"],
      waits(1, "XREAD", "BLOCK", "0", "STREAMS", "s", "$"),
      waits(2, "XREAD", "COUNT", "1", "BLOCK", "20000", "STREAMS", "s", "1"),
      waits(3, "XREAD", "BLOCK", "0", "STREAMS", "none", "s", "$", "5"),
      ["XADD", "s", "2", "f", "v"],
      served(1),
      served(2),
      ["XADD", "s", "6", "f", "v"],
      served(3),
    ]));

  test("entries of one transaction arrive in one reply", () =>
    expectSame([
      waits(1, "XREAD", "BLOCK", "0", "STREAMS", "s", "t", "$", "0"),
      ["MULTI"],
      ["XADD", "s", "1", "f", "v"],
      ["XADD", "s", "2", "f", "v"],
      ["EXEC"],
      served(1),
      waits(2, "XREAD", "BLOCK", "0", "COUNT", "2", "STREAMS", "u", "0"),
      ["EVAL", "for i = 1, 3 do redis.call('XADD', KEYS[1], i, 'f', 'v') end", "1", "u"],
      served(2),
    ]));

  test("a reader stays blocked when its key is deleted or replaced", () =>
    expectSame([
      ["XADD", "s", "5", "f", "v"],
      waits(1, "XREAD", "BLOCK", "0", "STREAMS", "s", "$"),
      ["DEL", "s"],
      ["SET", "s", "text"],
      ["DEL", "s"],
      ["XADD", "s", "4", "f", "v"],
      ["XADD", "s", "6", "f", "v"],
      served(1),
      waits(1, "XREAD", "BLOCK", "0", "STREAMS", "s", "10"),
      ["XADD", "other", "11", "f", "v"],
      ["RENAME", "other", "s"],
      served(1),
    ]));

  test("a key that is created by renaming, copying or swapping databases wakes readers", () =>
    expectSame([
      waits(1, "XREAD", "BLOCK", "0", "STREAMS", "s", "$"),
      ["XADD", "t", "1", "f", "v"],
      ["RENAME", "t", "s"],
      served(1),
      waits(1, "XREAD", "BLOCK", "0", "STREAMS", "copied", "0"),
      ["COPY", "s", "copied"],
      served(1),
      { on: 2, command: ["SELECT", "1"] },
      { on: 2, command: ["XADD", "swapped", "1", "f", "v"] },
      waits(1, "XREAD", "BLOCK", "0", "STREAMS", "swapped", "0"),
      ["SWAPDB", "0", "1"],
      served(1),
    ]));

  test("no client waits beyond its timeout, nor in a transaction", () =>
    expectSame([
      ["XREAD", "BLOCK", "5", "STREAMS", "s", "$"],
      ["XREAD", "BLOCK", "5", "STREAMS", "s", "t", "0", "0"],
      ["XGROUP", "CREATE", "s", "g", "$", "MKSTREAM"],
      ["XREADGROUP", "GROUP", "g", "Alice", "BLOCK", "5", "STREAMS", "s", ">"],
      ["MULTI"],
      ["XREAD", "BLOCK", "0", "STREAMS", "s", "$"],
      ["XREADGROUP", "GROUP", "g", "Alice", "BLOCK", "0", "STREAMS", "s", ">"],
      ["EXEC"],
    ]));

  test("consumers are served in the order in which they began to wait", () =>
    expectSame([
      ["XGROUP", "CREATE", "s", "g", "$", "MKSTREAM"],
      waits(1, ...readNew("Alice")),
      waits(2, ...readNew("Bob")),
      waits(3, ...readNew("Alice")),
      ["XADD", "s", "1", "f", "v"],
      served(1),
      waits(1, ...readNew("Alice")),
      ["MULTI"],
      ["XADD", "s", "2", "f", "v"],
      ["XADD", "s", "3", "f", "v"],
      ["EXEC"],
      served(2),
      served(3),
      ["XADD", "s", "4", "f", "v"],
      served(1),
      ["XPENDING", "s", "g"],
    ]));

  test("readers and consumers of one stream are served side by side", () =>
    expectSame([
      ["XGROUP", "CREATE", "s", "g", "$", "MKSTREAM"],
      ["XGROUP", "CREATE", "s", "h", "$"],
      waits(1, ...readNew("Alice")),
      waits(2, "XREAD", "BLOCK", "0", "STREAMS", "s", "$"),
      waits(3, "XREADGROUP", "GROUP", "h", "Bob", "BLOCK", "0", "STREAMS", "s", ">"),
      ["XADD", "s", "1", "f", "v"],
      served(1),
      served(2),
      served(3),
      ["XPENDING", "s", "g"],
      ["XPENDING", "s", "h"],
    ]));

  test("a consumer's history does not wait", () =>
    expectSame([
      ["XADD", "s", "1", "f", "v"],
      ["XGROUP", "CREATE", "s", "g", "0"],
      ["XREADGROUP", "GROUP", "g", "Alice", "BLOCK", "0", "STREAMS", "s", "0"],
      ["XREADGROUP", "GROUP", "g", "Alice", "BLOCK", "0", "STREAMS", "s", ">"],
      ["XREADGROUP", "GROUP", "g", "Alice", "BLOCK", "0", "STREAMS", "s", "5"],
    ]));
});

/** A server with one client that waits and one that does not. */
async function withWaiting(
  before: readonly (readonly Word[])[],
  waiting: readonly Word[],
  use: (waiting: RespConnection, other: RespConnection) => Promise<void>,
): Promise<void> {
  const running = await startServer({ port: 0, bind: ["127.0.0.1"], memory: true });
  const [one, other] = [
    await RespConnection.open(running.port, "one"),
    await RespConnection.open(running.port, "other"),
  ];
  await other.replies(before);
  one.send(waiting);
  while (!(await other.reply("INFO", "clients")).text?.includes("blocked_clients:1")) await Bun.sleep(1);
  await use(one, other);
  one.close();
  other.close();
  await running.close();
}

const createGroup = ["XGROUP", "CREATE", "s", "g", "$", "MKSTREAM"];

// Redis 7.2 and MyRedis run a blocked command again when one of its keys changes. Redis 7.0 behaved differently.
describe("a blocked reader", () => {
  test.each([
    [
      "the key is deleted",
      ["DEL", "s"],
      "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option",
    ],
    ["all is flushed", ["FLUSHALL"], "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option"],
    [
      "the group is destroyed",
      ["XGROUP", "DESTROY", "s", "g"],
      "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option",
    ],
    [
      "the key becomes a string",
      ["SET", "s", "v"],
      "WRONGTYPE Operation against a key holding the wrong kind of value",
    ],
  ])("in a group is told when %s", (_what, command, error) =>
    withWaiting([createGroup], readNew("Alice"), async (waiting, other) => {
      await other.reply(...command);
      expect(showReply(await waiting.next())).toBe(`-${error}`);
    }),
  );

  test("is counted once, when it begins to wait", () =>
    withWaiting([], ["XREAD", "BLOCK", "0", "STREAMS", "s", "5"], async (waiting, other) => {
      const calls = async (): Promise<string | undefined> =>
        /cmdstat_xread:calls=(\d+)/.exec((await other.reply("INFO", "commandstats")).text ?? "")?.[1];
      await other.reply("XADD", "s", "1", "f", "v");
      expect(await calls()).toBe("1");
      await other.reply("XADD", "s", "6", "f", "v");
      await waiting.next();
      expect(await calls()).toBe("1");
      await waiting.reply("XREAD", "BLOCK", "1", "STREAMS", "s", "6");
      expect(await calls()).toBe("2");
    }));

  test("does not receive an entry that is deleted within the same transaction", () =>
    withWaiting(
      [["XADD", "s", "1", "f", "v"]],
      ["XREAD", "BLOCK", "0", "STREAMS", "s", "$"],
      async (waiting, other) => {
        await other.replies([
          ["MULTI"],
          ["XADD", "s", "2", "f", "v"],
          ["XDEL", "s", "2"],
          ["EXEC"],
          ["XADD", "s", "3", "f", "v"],
        ]);
        expect(showReply(await waiting.next())).toBe('*[*[$"s" *[*[$"3-0" *[$"f" $"v"]]]]]');
      },
    ));

  test("receives the entries that all of its streams have by then", () =>
    withWaiting([], ["XREAD", "BLOCK", "0", "STREAMS", "s", "t", "$", "0"], async (waiting, other) => {
      await other.replies([["MULTI"], ["XADD", "t", "1", "f", "v"], ["XADD", "s", "1", "f", "v"], ["EXEC"]]);
      expect(showReply(await waiting.next())).toBe(
        '*[*[$"s" *[*[$"1-0" *[$"f" $"v"]]]] *[$"t" *[*[$"1-0" *[$"f" $"v"]]]]]',
      );
    }));

  test("receives the last entry of a stream, or waits for the next one when the stream is empty", () =>
    withWaiting(
      [["XADD", "t", "1", "f", "v"]],
      ["XREAD", "BLOCK", "0", "STREAMS", "s", "+"],
      async (waiting, other) => {
        expect(showReply(await other.reply("XREAD", "STREAMS", "t", "+"))).toBe('*[*[$"t" *[*[$"1-0" *[$"f" $"v"]]]]]');
        await other.reply("XADD", "s", "5", "f", "v");
        expect(showReply(await waiting.next())).toBe('*[*[$"s" *[*[$"5-0" *[$"f" $"v"]]]]]');
      },
    ));
});
