import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import type { Command } from "../../src/dispatch/command.ts";
import { allCommands } from "../../src/commands/index.ts";
import { expectSame, expectSameLog, type Step } from "./harness/index.ts";
import type { Word } from "./harness/resp-connection.ts";

const redis = requireService("redis");

/** No server, however empty, is within this; and eviction takes the time that it takes. */
const full: Word[] = ["CONFIG", "SET", "maxmemory", "1", "maxmemory-eviction-tenacity", "100"];
const roomy: Word[] = ["CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", "noeviction"];
const policy = (name: string): Word[] => ["CONFIG", "SET", "maxmemory-policy", name];
const payloadOfV = Buffer.from("0001760a009108ceb219388ace", "hex");

/** A request of the right length for each command with the flag; what stands in it does not matter to who is refused. */
function requestsWith(flag: "denyoom", commands: readonly Command[], prefix: readonly string[] = []): Word[][] {
  return commands.flatMap((command) => {
    const words = [...prefix, command.name];
    const own = command.flagSet.has(flag) ? [[...words, ...filler(command, words)]] : [];
    return [...own, ...requestsWith(flag, command.subcommands ?? [], words)];
  });
}

const filler = ({ arity }: Command, words: readonly string[]): string[] =>
  Array.from({ length: Math.abs(arity) - words.length }, () => "1");

/** Redis 7.0, beside us, has these not. */
const newer = new Set(["HPEXPIRE", "HEXPIRE", "HEXPIREAT", "HPEXPIREAT", "HSETEX", "HGETEX"]);

describe.skipIf(redis.missing)(`a limit on memory is kept as by redis-server${redis.reason}`, () => {
  test("every command that may need more memory is refused when nothing may be evicted", () => {
    const requests = requestsWith("denyoom", allCommands).filter(([name]) => !newer.has(String(name)));
    expect(requests.length).toBeGreaterThan(50);
    return expectSame([["SET", "k", "v"], full, ...requests, roomy]);
  });

  test("commands that need no more are served all the same", () =>
    expectSame([
      ["RPUSH", "list", "a", "b", "c"],
      ["SET", "k", "v"],
      ["HSET", "h", "f", "v"],
      full,
      ["GET", "k"],
      ["EXPIRE", "k", "100"],
      ["PERSIST", "k"],
      ["LPOP", "list"],
      ["LTRIM", "list", "0", "0"],
      ["HDEL", "h", "f"],
      ["RENAME", "k", "other"],
      ["DEL", "other"],
      ["EXISTS", "list", "k", "other"],
      roomy,
    ]));

  test("a transaction is refused when it is queued, or as a whole when memory is full by then", () =>
    expectSame([
      ["MULTI"],
      ["SET", "a", "1"],
      { on: 1, command: full },
      ["EXEC"],
      ["MULTI"],
      ["GET", "a"],
      ["DISCARD"],
      ["MULTI"],
      ["GET", "a"],
      ["EXEC"],
      roomy,
      ["MULTI"],
      ["GET", "a"],
      ["DEL", "a"],
      { on: 1, command: full },
      ["EXEC"],
      roomy,
    ]));

  test("a script is refused at its first write, unless it says that it may be run", () => {
    const set = "return redis.call('set', KEYS[1], 'x')";
    return expectSame([
      ["SET", "k", "v"],
      full,
      ["EVAL", "return redis.call('get', KEYS[1])", "1", "k"],
      ["EVAL", set, "1", "k"],
      ["EVAL", "return redis.pcall('set', KEYS[1], 'x')", "1", "k"],
      ["EVAL", `redis.call('del', KEYS[1])\n${set}`, "1", "k"],
      ["EVAL", `#!lua\n${set}`, "1", "k"],
      ["EVAL", "#!lua\nreturn redis.call('get', KEYS[1])", "1", "k"],
      ["EVAL", "#!lua flags=no-writes\nreturn redis.call('get', KEYS[1])", "1", "k"],
      ["EVAL", `#!lua flags=no-writes\n${set}`, "1", "k"],
      ["EVAL", `#!lua flags=allow-oom\n${set}`, "1", "k"],
      ["EVAL_RO", "#!lua flags=allow-oom\nreturn redis.call('get', KEYS[1])", "1", "k"],
      ["EVAL_RO", "return redis.call('get', KEYS[1])", "1", "k"],
      ["MULTI"],
      ["EVAL", set, "1", "k"],
      ["DISCARD"],
      roomy,
      ["MULTI"],
      ["EVAL", set, "1", "other"],
      ["EVAL", `#!lua\n${set}`, "1", "other"],
      { on: 1, command: full },
      ["EXEC"],
      roomy,
    ]);
  });

  for (const name of ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"]) {
    test(`${name} takes what has an expiry, and leaves the rest`, () =>
      expectSame([
        ["SET", "lasting", "1"],
        ["SET", "ending", "1", "EX", "1000"],
        ["HSET", "large", ...Array.from({ length: 1200 }, (_, at) => `x${at}`)],
        ["EXPIRE", "large", "1000"],
        policy(name),
        full,
        ["SET", "k", "v"],
        ["EXISTS", "ending", "large"],
        ["EXISTS", "lasting"],
        roomy,
      ]));
  }

  for (const name of ["allkeys-lru", "allkeys-lfu", "allkeys-random"]) {
    test(`${name} takes everything, of every database, before it refuses`, () =>
      expectSame([
        ["MSET", "a", "1", "b", "2"],
        ["SELECT", "3"],
        ["SADD", "s", "m"],
        ["SELECT", "0"],
        policy(name),
        full,
        ["SET", "k", "v"],
        ["DBSIZE"],
        ["SELECT", "3"],
        ["DBSIZE"],
        roomy,
      ]));
  }

  test("a watched key that is evicted breaks the transaction", () =>
    expectSame([
      ["SET", "k", "v"],
      ["WATCH", "k"],
      policy("allkeys-lru"),
      { on: 1, command: full },
      { on: 1, command: ["PING"] },
      { on: 1, command: roomy },
      ["MULTI"],
      ["PING"],
      ["EXEC"],
      roomy,
    ]));

  test("eviction is notified, before the reply of the command that it makes room for", () =>
    expectSame([
      ["CONFIG", "SET", "notify-keyspace-events", "KEA"],
      policy("allkeys-lru"),
      ["SET", "k", "v"],
      { on: 1, command: ["PSUBSCRIBE", "__key*"] },
      full,
      ["SET", "other", "v"],
      { awaitReply: 1 },
      { awaitReply: 1 },
      ["CONFIG", "SET", "notify-keyspace-events", ""],
      roomy,
    ]));

  test("OBJECT FREQ and IDLETIME tell what the policy keeps, and RESTORE sets it", () => {
    const restored: Step[] = [
      ["RESTORE", "f", "0", payloadOfV, "REPLACE", "FREQ", "200"],
      ["RESTORE", "i", "0", payloadOfV, "REPLACE", "IDLETIME", "1000"],
    ];
    return expectSame([
      policy("allkeys-lfu"),
      ["CONFIG", "SET", "lfu-decay-time", "0"],
      ["SET", "k", "v"],
      ["OBJECT", "FREQ", "k"],
      ["OBJECT", "FREQ", "none"],
      ["OBJECT", "IDLETIME", "k"],
      ["OBJECT", "IDLETIME", "none"],
      ["RESTORE", "f", "0", "bad"],
      ...restored,
      ["OBJECT", "FREQ", "f"],
      ["OBJECT", "FREQ", "i"],
      ["SET", "f", "other"],
      ["SET", "f", "another", "EX", "1000"],
      ["PERSIST", "f"],
      {
        command: ["OBJECT", "FREQ", "f"],
        compare: (ours, theirs) => [ours, theirs].every(({ text }) => Number(text) >= 200),
      },
      ["CONFIG", "SET", "lfu-decay-time", "1"],
      policy("volatile-ttl"),
      ...restored,
      ["OBJECT", "FREQ", "f"],
      {
        command: ["OBJECT", "IDLETIME", "i"],
        compare: (ours, theirs) => [ours, theirs].every(({ text }) => Number(text) >= 1000),
      },
      roomy,
    ]);
  });

  test("the log tells of evicted keys before the command that they made room for, and not within a transaction", () =>
    expectSameLog([
      ["SET", "a", "1"],
      ["SADD", "s", "m"],
      policy("volatile-lru"),
      ["EXPIRE", "s", "1000"],
      ["MULTI"],
      ["DEL", "a"],
      ["DEL", "none"],
      full,
      ["EXEC"],
      ["PING"],
      roomy,
      ["SET", "b", "1"],
      policy("allkeys-lru"),
      full,
      ["SET", "c", "1"],
      roomy,
      ["SET", "c", "1"],
    ]));
});
