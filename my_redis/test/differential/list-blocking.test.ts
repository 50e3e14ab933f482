import { describe, expect, test } from "bun:test";
import { requireService, temporaryFolder } from "../../../tools/test-services/index.ts";
import { startServer } from "../../index.ts";
import { expectSame, type Step, type Word } from "./harness/index.ts";
import { RespConnection } from "./harness/resp-connection.ts";

const redis = requireService("redis");
const waits = (on: number, ...command: Word[]): Step => ({ on, command, blocks: true });
const on = (connection: number, ...command: Word[]): Step => ({ on: connection, command });
const reply = (connection: number): Step => ({ awaitReply: connection });

describe.skipIf(redis.missing)(`blocking commands on lists answer as redis-server does${redis.reason}`, () => {
  test("they do not wait when an element exists", () =>
    expectSame([
      ["RPUSH", "k", "a", "b", "c", "d", "e", "f", "g"],
      ["BLPOP", "k", "0"],
      ["BRPOP", "none", "k", "0.5"],
      ["BLMOVE", "k", "l", "LEFT", "RIGHT", "0"],
      ["BRPOPLPUSH", "k", "l", "0"],
      ["BLMPOP", "0", "2", "none", "k", "LEFT", "COUNT", "2"],
      ["BLMPOP", "0", "2", "k", "l", "RIGHT"],
      ["LRANGE", "l", "0", "-1"],
    ]));

  test("their timeouts are checked first", () =>
    expectSame([
      ...["x", "-1", "", "-1e400", "-inf", "nan", "-0.002", " 1", "1 "].flatMap((timeout) => [
        ["BLPOP", "k", timeout],
        ["BLMOVE", "k", "l", "LEFT", "LEFT", timeout],
        ["BRPOPLPUSH", "k", "l", timeout],
        ["BLMPOP", timeout, "1", "k", "LEFT"],
      ]),
      ["BLMPOP", "x", "0", "k", "LEFT"],
      ["BLMPOP", "x", "1", "k", "MIDDLE"],
      ["BLMPOP", "x", "1", "k", "LEFT", "COUNT", "0"],
      ["BLMPOP", "0", "0", "k", "LEFT"],
      ["BLMPOP", "0", "1", "k", "MIDDLE"],
      ["BLMPOP", "0", "1", "k", "LEFT", "COUNT", "0"],
      ["BLMOVE", "k", "l", "x", "LEFT", "x"],
      ["BLPOP", "k"],
      ["BLMOVE", "k", "l", "LEFT", "LEFT"],
    ]));

  test("they answer nil at their timeout", () =>
    expectSame([
      ["BLPOP", "k", "0.01"],
      ["BRPOP", "k", "l", "0.01"],
      ["BLMOVE", "k", "l", "LEFT", "LEFT", "0.01"],
      ["BRPOPLPUSH", "k", "l", "0.01"],
      ["BLMPOP", "0.01", "1", "k", "LEFT"],
      ["PING"],
    ]));

  test("an element wakes a waiting client", () =>
    expectSame([
      waits(1, "BLPOP", "a", "b", "0"),
      ["RPUSH", "b", "1", "2"],
      reply(1),
      ["LRANGE", "b", "0", "-1"],
      waits(1, "BRPOP", "a", "0"),
      ["LPUSH", "a", "1", "2"],
      reply(1),
      waits(1, "BLMPOP", "0", "2", "c", "d", "RIGHT", "COUNT", "2"),
      ["RPUSH", "d", "1", "2", "3"],
      reply(1),
      waits(1, "BLMOVE", "from", "to", "LEFT", "RIGHT", "0"),
      ["RPUSH", "from", "x"],
      reply(1),
      waits(1, "BRPOPLPUSH", "from", "to", "0"),
      ["RPUSH", "from", "y"],
      reply(1),
      ["LRANGE", "to", "0", "-1"],
      ["EXISTS", "from"],
    ]));

  test("waiting clients are served in the order of their requests", () =>
    expectSame([
      waits(1, "BLPOP", "k", "0"),
      waits(2, "BRPOP", "k", "0"),
      waits(3, "BLPOP", "other", "k", "0"),
      waits(4, "BLPOP", "k", "0"),
      ["RPUSH", "k", "a", "b", "c"],
      reply(1),
      reply(2),
      reply(3),
      ["RPUSH", "k", "d", "e"],
      reply(4),
      ["LRANGE", "k", "0", "-1"],
    ]));

  test("a client that was served and waits again goes to the end of the line", () =>
    expectSame([
      waits(1, "BLPOP", "k", "0"),
      waits(2, "BLPOP", "k", "0"),
      ["RPUSH", "k", "a"],
      reply(1),
      waits(1, "BLPOP", "k", "0"),
      ["RPUSH", "k", "b"],
      reply(2),
      ["RPUSH", "k", "c"],
      reply(1),
    ]));

  test("a transaction wakes clients only by the elements that it leaves behind", () =>
    expectSame([
      waits(1, "BLPOP", "k", "0"),
      ["MULTI"],
      ["RPUSH", "k", "a"],
      ["DEL", "k"],
      ["EXEC"],
      ["MULTI"],
      ["LPUSH", "k", "b"],
      ["LPUSH", "k", "c"],
      ["EXEC"],
      reply(1),
      ["LRANGE", "k", "0", "-1"],
    ]));

  test("no command waits in a transaction", () =>
    expectSame([
      ["RPUSH", "full", "a", "b", "c", "d"],
      ["MULTI"],
      ["BLPOP", "k", "0"],
      ["BRPOP", "k", "full", "0"],
      ["BLMOVE", "k", "l", "LEFT", "LEFT", "0"],
      ["BRPOPLPUSH", "k", "l", "0"],
      ["BLMPOP", "0", "1", "k", "LEFT"],
      ["BLMPOP", "0", "1", "full", "LEFT"],
      ["EXEC"],
      ["PING"],
    ]));

  test("no command waits in a script", () =>
    expectSame([
      ["EVAL", "return redis.call('BLMPOP', '0', '1', 'k', 'LEFT')", "0"],
      ["RPUSH", "k", "a", "b"],
      ["EVAL", "return redis.call('BLMPOP', '0', '1', 'k', 'LEFT')", "0"],
      waits(1, "BLPOP", "l", "0"),
      ["EVAL", "redis.call('RPUSH', 'l', 'x'); redis.call('DEL', 'l'); return redis.call('RPUSH', 'l', 'y')", "0"],
      reply(1),
      ["EXISTS", "l"],
    ]));

  test("a moved element wakes the next client", () =>
    expectSame([
      waits(1, "BLMOVE", "a", "b", "LEFT", "RIGHT", "0"),
      waits(2, "BRPOPLPUSH", "b", "c", "0"),
      waits(3, "BLPOP", "c", "0"),
      ["RPUSH", "a", "x"],
      reply(1),
      reply(2),
      reply(3),
      ["KEYS", "*"],
    ]));

  test("a key of another type wakes no client, and a destination of another type fails the move", () =>
    expectSame([
      waits(1, "BLPOP", "k", "other", "0"),
      ["SET", "k", "text"],
      ["RPUSH", "other", "a"],
      reply(1),
      ["DEL", "k"],
      waits(1, "BLMOVE", "k", "target", "LEFT", "LEFT", "0"),
      ["SET", "target", "text"],
      ["RPUSH", "k", "a"],
      reply(1),
      ["LRANGE", "k", "0", "-1"],
    ]));

  test("keys that are created by RENAME, COPY, MOVE and SWAPDB wake clients", () =>
    expectSame([
      waits(1, "BLPOP", "k", "0"),
      ["RPUSH", "l", "a"],
      ["RENAME", "l", "k"],
      reply(1),
      waits(1, "BLPOP", "k", "0"),
      ["RPUSH", "l", "b"],
      ["COPY", "l", "k"],
      reply(1),
      waits(1, "BLPOP", "k", "0"),
      on(2, "SELECT", "1"),
      on(2, "RPUSH", "k", "c"),
      on(2, "MOVE", "k", "0"),
      reply(1),
      waits(1, "BLPOP", "k", "0"),
      on(2, "RPUSH", "k", "d"),
      on(2, "SWAPDB", "0", "1"),
      reply(1),
    ]));

  test("requests that a waiting client sends meanwhile are answered after it was served", () =>
    expectSame([
      { raw: "BLPOP k 0\r\nPING\r\nRPUSH k b\r\n", replies: 0, on: 1 },
      { waitMs: 20 },
      ["RPUSH", "k", "a"],
      reply(1),
      reply(1),
      reply(1),
      ["LRANGE", "k", "0", "-1"],
    ]));

  test("the same key twice, and the same source and destination", () =>
    expectSame([
      waits(1, "BLPOP", "k", "k", "0"),
      ["RPUSH", "k", "a", "b"],
      reply(1),
      ["DEL", "k"],
      waits(1, "BLMOVE", "k", "k", "LEFT", "RIGHT", "0"),
      ["RPUSH", "k", "a", "b"],
      reply(1),
      ["LRANGE", "k", "0", "-1"],
    ]));

  test("elements that are pushed and popped at once go to waiting clients first", () =>
    expectSame([
      waits(1, "BLPOP", "k", "0"),
      waits(2, "BLMOVE", "k", "l", "LEFT", "LEFT", "0"),
      ["MULTI"],
      ["RPUSH", "k", "a", "b", "c"],
      ["LPOP", "k"],
      ["EXEC"],
      reply(1),
      reply(2),
      ["EXISTS", "k"],
    ]));
});

test("the log contains the pop of a waiting client, behind the push that served it", async () => {
  const dir = temporaryFolder("blocking-log");
  const options = { port: 0, dir, appendonly: true, appendfsync: "always" } as const;
  const first = await startServer(options);
  const [waiting, moving, pushing] = [
    await RespConnection.open(first.port, "waiting"),
    await RespConnection.open(first.port, "moving"),
    await RespConnection.open(first.port, "pushing"),
  ];
  waiting.send(["BLMPOP", "0", "1", "k", "LEFT", "COUNT", "2"]);
  moving.send(["BLMOVE", "l", "m", "LEFT", "RIGHT", "0"]);
  while (!/blocked_clients:2/.test((await pushing.reply("INFO", "clients")).text ?? "")) await Bun.sleep(1);
  await pushing.replies([
    ["RPUSH", "k", "a", "b", "c"],
    ["RPUSH", "l", "x"],
  ]);
  expect((await waiting.next()).items?.[1]?.items?.map(({ text }) => text)).toEqual(["a", "b"]);
  expect((await moving.next()).text).toBe("x");
  for (const connection of [waiting, moving, pushing]) connection.close();
  await first.close();
  const second = await startServer(options);
  const reader = await RespConnection.open(second.port, "reader");
  const textsOf = async (key: string) => (await reader.reply("LRANGE", key, 0, -1)).items?.map(({ text }) => text);
  expect([await textsOf("k"), await textsOf("l"), await textsOf("m")]).toEqual([["c"], [], ["x"]]);
  reader.close();
  await second.close();
});
