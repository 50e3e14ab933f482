import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import type { Command } from "../../src/dispatch/command.ts";
import { allCommands } from "../../src/commands/index.ts";
import { expectSame, expectSameLog, type Step } from "./harness/index.ts";
import type { Word } from "./harness/resp-connection.ts";

const redis = requireService("redis");

/** Even an empty server exceeds this limit. Eviction may take as long as it needs. */
const full: Word[] = ["CONFIG", "SET", "maxmemory", "1", "maxmemory-eviction-tenacity", "100"];
const roomy: Word[] = ["CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", "noeviction"];
const policy = (name: string): Word[] => ["CONFIG", "SET", "maxmemory-policy", name];
const payloadOfV = Buffer.from("0001760a009108ceb219388ace", "hex");

/**
 * A request of the right length for each command with the flag. The arguments do not matter, because it is refused
 * before.
 */
function requestsWith(flag: "denyoom", commands: readonly Command[], prefix: readonly string[] = []): Word[][] {
  return commands.flatMap((command) => {
    const words = [...prefix, command.name];
    const own = command.flagSet.has(flag) ? [[...words, ...filler(command, words)]] : [];
    return [...own, ...requestsWith(flag, command.subcommands ?? [], words)];
  });
}

const filler = ({ arity }: Command, words: readonly string[]): string[] =>
  Array.from({ length: Math.abs(arity) - words.length }, () => "1");

/** The installed Redis 7.0 does not have these. */
const newer = new Set(["HPEXPIRE", "HEXPIRE", "HEXPIREAT", "HPEXPIREAT", "HSETEX", "HGETEX"]);

describe.skipIf(redis.missing)(`maxmemory is enforced as by redis-server${redis.reason}`, () => {
  test("every command that may need more memory is refused when nothing may be evicted", () => {
    const requests = requestsWith("denyoom", allCommands).filter(([name]) => !newer.has(String(name)));
    expect(requests.length).toBeGreaterThan(50);
    return expectSame([["SET", "k", "v"], full, ...requests, roomy]);
  });

  test("commands that need no more memory are still served", () =>
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

  test("a transaction is refused while it is queued, or as a whole when memory has become full by EXEC", () =>
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

  test("a script is refused at its first write, unless its flags allow it to run", () => {
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
    test(`${name} evicts keys with an expiry, and leaves the rest`, () =>
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
    test(`${name} evicts all keys of all databases before commands are refused`, () =>
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

  test("eviction is notified before the reply of the command that needed the memory", () =>
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

  test("OBJECT FREQ and IDLETIME return what the policy tracks, and RESTORE sets it", () => {
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

  test("the log contains evicted keys before the command that needed the memory, but not within a transaction", () =>
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
