import { afterAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { requireService, startRedisServer } from "../../../../tools/test-services/index.ts";
import { commandOf } from "../../differential/harness/arbitrary-words.ts";
import {
  expectSame,
  expectSameGenerated,
  generatedTimeoutMs,
  type ServerPair,
  type Step,
} from "../../differential/harness/index.ts";
import { RespConnection, type Word } from "../../differential/harness/resp-connection.ts";
import { AgreedRing } from "../failover/agreed-ring.ts";

const redis = requireService("redis");
const ends: (() => unknown)[] = [];
let ring: AgreedRing;
let started: Promise<ServerPair> | undefined;

/** A ring of three nodes that agree, accessed through its first node only, beside one redis-server. */
const pair = (): Promise<ServerPair> => (started ??= startPair());

async function startPair(): Promise<ServerPair> {
  const server = await startRedisServer({});
  ring = await AgreedRing.start(3, 0);
  const port = ring.ports[0] as number;
  const control = {
    MyRedis: await RespConnection.open(port, "the ring"),
    "redis-server": await RespConnection.open(server.port, "redis-server"),
  };
  ends.push(
    () => control.MyRedis.close(),
    () => control["redis-server"].close(),
    () => server.stop(),
    () => ring.stop(),
  );
  return { ports: { MyRedis: port, "redis-server": server.port }, control };
}

afterAll(async () => {
  for (const end of ends) await end();
});

/** So many keys that each node owns some. */
const names = Array.from({ length: 12 }, (_, index) => `k${index}`);
const key = fc.constantFrom(...names);
const value = fc.oneof(fc.constantFrom("", "v", "x".repeat(60)), fc.integer().map(String));
const pairs = fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 6 }).map((all): Word[] => all.flat());
const commands = [
  commandOf("MSET", pairs),
  commandOf("MSETNX", pairs),
  commandOf("DEL", fc.array(key, { minLength: 1, maxLength: 6 })),
  commandOf("RENAME", fc.tuple(key, key)),
  commandOf("RENAMENX", fc.tuple(key, key)),
  commandOf("SET", fc.tuple(key, value)),
  commandOf("MGET", fc.constant(names)),
];

describe.skipIf(redis.missing)(
  `a ring of three nodes that agree answers as one redis-server does${redis.reason}`,
  () => {
    test("when keys of several places are written, renamed and removed", async () => {
      await expectSame(
        [
          ["MSET", ...names.flatMap((name, index) => [name, `value ${index}`])],
          ["MGET", ...names],
          ["DEL", "k0", "k1", "k2", "k0", "none"],
          ["MSETNX", "k0", "a", "k1", "b", "k6", "c"],
          ["MSETNX", "k0", "a", "k1", "b", "k2", "c", "k0", "d"],
          ["MSET", "k0", "a", "k1", "b", "k0", "c"],
          ["RPUSH", "list", "x", "y"],
          ["PEXPIREAT", "list", "4102444800000"],
          ...names.slice(3).flatMap((name): Step[] => [
            ["RENAMENX", "list", name],
            ["RENAME", "list", `${name}:list`],
            ["PEXPIRETIME", `${name}:list`],
            ["RENAME", `${name}:list`, "list"],
          ]),
          ["RENAME", "none", "k0"],
          ["LRANGE", "list", "0", "-1"],
          ["MGET", ...names],
          ["DBSIZE"],
        ],
        { pair },
      );
      // The test shows something only if keys of several places were written together.
      const { items } = await (await pair()).control.MyRedis.reply("CLUSTER", "SLOTS");
      expect(items?.length).toBeGreaterThanOrEqual(3);
    });

    test("for any writes", () => expectSameGenerated({ pair, runs: 30, commands }), generatedTimeoutMs);
  },
);
