import { afterAll, describe, test } from "bun:test";
import fc from "fast-check";
import { requireService, startRedisServer } from "../../../../tools/test-services/index.ts";
import {
  expectSame,
  expectSameGenerated,
  generatedTimeoutMs,
  sameElements,
  type ServerPair,
  type Step,
} from "../../differential/harness/index.ts";
import { commandOf } from "../../differential/harness/arbitrary-words.ts";
import { RespConnection, type Word } from "../../differential/harness/resp-connection.ts";
import { type MemoryRing, startMemoryRing } from "../memory-ring.ts";

const redis = requireService("redis");

const ends: (() => Promise<unknown>)[] = [];
let started: Promise<ServerPair> | undefined;

/** A ring of three nodes, accessed through its first node only, beside one redis-server. */
const pair = (): Promise<ServerPair> => (started ??= startPair());

async function startPair(): Promise<ServerPair> {
  const server = await startRedisServer({});
  const ring: MemoryRing = await startMemoryRing(3);
  const port = ring.ports[0] as number;
  ends.push(
    () => server.stop(),
    () => ring.close(),
  );
  return {
    ports: { MyRedis: port, "redis-server": server.port },
    control: {
      MyRedis: await RespConnection.open(port, "the ring"),
      "redis-server": await RespConnection.open(server.port, "redis-server"),
    },
  };
}

afterAll(async () => {
  const servers = started === undefined ? undefined : await started;
  servers?.control.MyRedis.close();
  servers?.control["redis-server"].close();
  for (const end of ends) await end();
});

const same = (steps: readonly Step[]): Promise<void> => expectSame(steps, { pair });

/** So many keys that each node owns some. */
const names = Array.from({ length: 12 }, (_, index) => `k${index}`);
const key = fc.constantFrom(...names);
const keys = fc.array(key, { minLength: 1, maxLength: 6 });
const value = fc.oneof(fc.constantFrom("", "v", "12", "x".repeat(60)), fc.integer().map(String));
const pairs = fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 6 }).map((all): Word[] => all.flat());

describe.skipIf(redis.missing)(`a ring of three nodes answers as one redis-server does${redis.reason}`, () => {
  test("when keys of several nodes are written, read, counted and removed", () =>
    same([
      ["MSET", ...names.flatMap((name, index) => [name, `value ${index}`])],
      ["MGET", ...names, "none", ...names],
      ["EXISTS", ...names, "none", "k0", "k0"],
      ["TOUCH", ...names, "none", "k0"],
      ["DEL", "k0", "k1", "k2", "k0", "none"],
      ["UNLINK", "k3", "k4", "k5", "k3", "none"],
      ["MSETNX", "k0", "a", "k1", "b", "k6", "c"],
      ["MSETNX", "k0", "a", "k1", "b", "k2", "c", "k0", "d"],
      ["MSET", "k0", "a", "k1", "b", "k0", "c"],
      ["MGET", ...names],
      ["DBSIZE"],
      ["KEYS", "k1*"],
      ["RPUSH", "list", "x"],
      ["MGET", "list", ...names],
    ]));

  test("when arguments are invalid", () =>
    same([
      ["MSET", "k0", "a", "k1"],
      ["MSET", "k0", "a", "k1", "b", "k2"],
      ["MSETNX", "k0", "a", "k1"],
      ["MGET"],
      ["DEL"],
      ["RENAME", "none", "k1"],
      ["RENAMENX", "none", "k1"],
      ["SCAN", "x"],
      ["SCAN", "0", "COUNT", "0"],
      ["SCAN", "0", "COUNT", "x"],
      ["SCAN", "0", "TYPE"],
      ["KEYS"],
      ["FLUSHALL", "NOW"],
      ["PUBSUB", "CHANNELS", "a", "b"],
      ["SCRIPT", "EXISTS"],
      ["SCRIPT", "FLUSH", "x"],
      ["SCRIPT", "LOAD", "return +"],
    ]));

  test("when values of every type are renamed from node to node, with their expiry", () => {
    const values: Step[] = [
      ["SET", "s", "a string"],
      ["SET", "n", "12"],
      ["RPUSH", "l", "a", "b", "c"],
      ["RPUSH", "ll", ...Array.from({ length: 600 }, (_, index) => `element ${index}`)],
      ["SADD", "u", "1", "2", "3"],
      ["HSET", "h", "f", "v", "g", "w"],
      ["ZADD", "z", "1", "a", "2.5", "b"],
      ["XADD", "x", "1-1", "f", "v"],
      ["PEXPIREAT", "l", "4102444800000"],
    ];
    const moves = ["s", "n", "l", "ll", "u", "h", "z", "x"].flatMap((name): Step[] =>
      ["1", "2", "3", "4", "5", "6"].flatMap((target): Step[] => [
        ["RENAME", name, `${name}${target}`],
        ["PEXPIRETIME", `${name}${target}`],
        ["RENAMENX", `${name}${target}`, name],
      ]),
    );
    return same([...values, ...moves, ["RENAMENX", "s", "h"], ["RENAME", "s", "h"], ["RENAME", "s", "h"]]);
  });

  test("when a scan visits all nodes", () =>
    same([
      ["MSET", ...Array.from({ length: 300 }, (_, index) => [`key:${index}`, "v"]).flat()],
      { scan: ["SCAN"] },
      { scan: ["SCAN", "COUNT", 7] },
      { scan: ["SCAN", "COUNT", 1000, "MATCH", "key:1*"] },
      ["RPUSH", "list", "x"],
      { scan: ["SCAN", "TYPE", "list"] },
      ["SELECT", "1"],
      { scan: ["SCAN"] },
    ]));

  test("when databases are flushed and exchanged", () =>
    same([
      ["MSET", "k0", "a", "k1", "b", "k2", "c"],
      ["SELECT", "1"],
      ["MSET", "k3", "a", "k4", "b", "k5", "c"],
      ["DBSIZE"],
      ["SWAPDB", "0", "1"],
      ["MGET", "k0", "k1", "k2", "k3", "k4", "k5"],
      ["FLUSHDB"],
      ["DBSIZE"],
      ["RANDOMKEY"],
      ["SELECT", "0"],
      ["DBSIZE"],
      ["FLUSHALL", "ASYNC"],
      ["DBSIZE"],
    ]));

  test("when messages are published", () =>
    same([
      { on: 1, command: ["SUBSCRIBE", "news"] },
      { on: 2, command: ["PSUBSCRIBE", "n*"] },
      ["PUBLISH", "news", "hello"],
      { awaitReply: 1 },
      { awaitReply: 2 },
      ["PUBLISH", "other", "hello"],
      ["PUBSUB", "CHANNELS"],
      ["PUBSUB", "NUMSUB", "news", "other"],
      ["PUBSUB", "NUMPAT"],
    ]));

  test("when scripts are cached", () =>
    same([
      ["SCRIPT", "LOAD", "return 1"],
      ["SCRIPT", "EXISTS", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "ffffffffffffffffffffffffffffffffffffffff"],
      ["SCRIPT", "FLUSH"],
      ["SCRIPT", "EXISTS", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"],
    ]));

  test("when commands are pipelined, whichever nodes answer them", () =>
    same([
      {
        raw: [
          "MSET k0 a k1 b k2 c",
          "GET k0",
          "GET k1",
          "INCR k9",
          "MGET k0 k1 k2 k9",
          "INCR k9",
          "DEL k0 k1 k2 k9",
          "GET k9",
        ]
          .map((line) => `${line}\r\n`)
          .join(""),
        replies: 8,
      },
    ]));

  test(
    "for any requests",
    () =>
      expectSameGenerated({
        pair,
        runs: 150,
        commands: [
          commandOf("MSET", pairs),
          commandOf("MSETNX", pairs),
          commandOf("MGET", keys),
          commandOf("DEL", keys),
          commandOf("UNLINK", keys),
          commandOf("EXISTS", keys),
          commandOf("TOUCH", keys),
          commandOf("RENAME", key, key),
          commandOf("RENAMENX", key, key),
          commandOf("SET", key, value),
          commandOf("GET", key),
          commandOf("INCR", key),
          commandOf("SADD", key, value),
          commandOf("PEXPIREAT", key, "4102444800000"),
          commandOf("DBSIZE"),
          commandOf("PUBLISH", key, value),
          fc.constant<Step>({ command: ["KEYS", "*"], compare: sameElements }),
          fc.constant<Step>({ scan: ["SCAN", "COUNT", 3] }),
          fc.constantFrom<Step>(["SELECT", "0"], ["SELECT", "1"]),
        ],
      }),
    generatedTimeoutMs,
  );
});
