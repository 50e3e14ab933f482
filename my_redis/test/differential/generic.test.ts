import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { databaseSteps, genericSteps, otherTypeSteps, stringSteps } from "./arbitrary-commands.ts";
import {
  anything,
  expectSame,
  expectSameGenerated,
  generatedTimeoutMs,
  sameBytes,
  sameShape,
  within,
} from "./harness/index.ts";

const redis = requireService("redis");
const far = 4_102_444_800;

describe.skipIf(redis.missing)(`generic commands answer as redis-server does${redis.reason}`, () => {
  test("DEL and UNLINK count the keys that they deleted", () =>
    expectSame([
      ["SET", "a", "1"],
      ["SET", "b", "x"],
      ["SET", "c", "x"],
      ["DEL", "a", "a", "none"],
      ["UNLINK", "b", "none", "b"],
      ["DEL"],
      ["UNLINK"],
      ["EXISTS", "a", "c"],
    ]));

  test("EXISTS and TOUCH count a key each time it is named", () =>
    expectSame([["SET", "a", "1"], ["EXISTS", "a", "a", "none"], ["TOUCH", "a", "a", "none"], ["EXISTS"], ["TOUCH"]]));

  test("TYPE names the type", () =>
    expectSame([["SET", "a", "1"], ["TYPE", "a"], ["TYPE", "none"], ["TYPE"], ["TYPE", "a", "b"]]));

  test("KEYS finds by pattern", () =>
    expectSame([
      ...["one", "two", "three", "four", "", "*", "a?c", "a[c", "a\\c", "\n"].map((key) => ["SET", key, "v"]),
      ...[
        "*",
        "**",
        "",
        "t*",
        "*o*",
        "?",
        "???",
        "[ot]*",
        "[^o]*",
        "[a-p]*",
        "a\\?c",
        "a[[]c",
        "a\\\\c",
        "[",
        "[^",
        "a[\\[]c",
      ].map((pattern) => ["KEYS", pattern]),
      ["KEYS"],
      ["KEYS", "a", "b"],
    ]));

  test("SCAN visits every key, by pattern and by type", () =>
    expectSame([
      ...Array.from({ length: 300 }, (_, at) => ["SET", `key:${at}`, at]),
      { scan: ["SCAN"] },
      { scan: ["SCAN", "COUNT", 1] },
      { scan: ["SCAN", "COUNT", 1000] },
      { scan: ["SCAN", "MATCH", "*1*"] },
      { scan: ["SCAN", "MATCH", "*1*", "COUNT", 50, "TYPE", "string"] },
      { scan: ["SCAN", "TYPE", "STRING"] },
      { scan: ["SCAN", "TYPE", "list"] },
      { scan: ["SCAN", "TYPE", "nonsense"] },
    ]));

  test("SCAN refuses invalid cursors and options", () =>
    expectSame([
      ["SCAN"],
      ...[
        "",
        "0",
        "+0",
        "-0",
        "00",
        "x",
        "1x",
        " 1",
        "1 ",
        "-",
        "+",
        "--1",
        "18446744073709551615",
        "18446744073709551616",
        "-18446744073709551615",
        "-18446744073709551616",
        "1.5",
        "0x0",
        "0\0junk",
      ].map((cursor) => ["SCAN", cursor]),
      ...[
        ["COUNT"],
        ["COUNT", "0"],
        ["COUNT", "-1"],
        ["COUNT", "x"],
        ["COUNT", "1.5"],
        ["MATCH"],
        ["TYPE"],
        ["NONE"],
        ["NONE", "x"],
        ["COUNT", "10", "MATCH"],
        ["count", "9223372036854775807"],
        ["count", "9223372036854775808"],
      ].map((options) => ["SCAN", "0", ...options]),
    ]));

  test("RANDOMKEY returns a key, or nil in an empty database", () =>
    expectSame([
      ["RANDOMKEY"],
      ["SET", "only", "v"],
      ["RANDOMKEY"],
      ["SET", "other", "v"],
      { command: ["RANDOMKEY"], compare: sameShape },
      ["RANDOMKEY", "x"],
    ]));

  test("RENAME and RENAMENX move a key with its expiry", () =>
    expectSame([
      ["RENAME", "none", "a"],
      ["RENAMENX", "none", "a"],
      ["RENAME", "none", "none"],
      ["SET", "a", "1"],
      ["EXPIREAT", "a", far],
      ["RENAME", "a", "a"],
      ["RENAMENX", "a", "a"],
      ["RENAME", "a", "b"],
      ["EXPIRETIME", "b"],
      ["SET", "c", "a longer value than the one that it replaces, beyond the embedded size"],
      ["RENAMENX", "b", "c"],
      ["RENAME", "c", "b"],
      ["EXPIRETIME", "b"],
      ["RENAMENX", "b", "d"],
      ["RENAME", "a"],
      ["RENAMENX", "a"],
    ]));

  test("COPY copies within and across databases", () =>
    expectSame([
      ["COPY", "none", "b"],
      ["SET", "a", "1"],
      ["EXPIREAT", "a", far],
      ["COPY", "a", "b"],
      ["EXPIRETIME", "b"],
      ["COPY", "a", "b"],
      ["SET", "c", "text"],
      ["COPY", "c", "b", "REPLACE"],
      ["GET", "b"],
      ["TTL", "b"],
      ["COPY", "a", "a"],
      ["COPY", "a", "a", "DB", "0"],
      ["COPY", "a", "a", "DB", "1"],
      ["COPY", "c", "a", "DB", "1", "REPLACE"],
      ["COPY", "c", "a", "replace", "db", "1", "db", "0"],
      ["COPY", "a", "b", "DB"],
      ["COPY", "a", "b", "DB", "x"],
      ["COPY", "a", "b", "DB", "16"],
      ["COPY", "a", "b", "DB", "-1"],
      ["COPY", "a", "b", "DB", "2147483648"],
      ["COPY", "a", "b", "NONSENSE"],
      ["COPY", "a"],
    ]));

  test("MOVE moves a key to another database", () =>
    expectSame([
      ["SET", "a", "1"],
      ["EXPIREAT", "a", far],
      ["MOVE", "a", "0"],
      ["MOVE", "a", "1"],
      ["MOVE", "a", "1"],
      ["SET", "a", "2"],
      ["MOVE", "a", "1"],
      ["SELECT", "1"],
      ["GET", "a"],
      ["EXPIRETIME", "a"],
      ["MOVE", "none", "0"],
      ["MOVE", "a", "16"],
      ["MOVE", "a", "-1"],
      ["MOVE", "a", "x"],
      ["MOVE", "a", "9999999999"],
      ["MOVE", "a"],
    ]));

  test("SWAPDB exchanges databases", () =>
    expectSame([
      ["SET", "a", "zero"],
      ["SELECT", "1"],
      ["SET", "a", "one", "EX", "1000"],
      ["SET", "b", "one"],
      ["SWAPDB", "0", "1"],
      ["GET", "a"],
      ["DBSIZE"],
      ["SELECT", "0"],
      ["GET", "a"],
      ["TTL", "a"],
      ["DBSIZE"],
      ["SWAPDB", "0", "0"],
      ["SWAPDB", "x", "0"],
      ["SWAPDB", "0", "x"],
      ["SWAPDB", "x", "y"],
      ["SWAPDB", "16", "y"],
      ["SWAPDB", "0", "16"],
      ["SWAPDB", "-1", "0"],
      ["SWAPDB", "9999999999", "0"],
      ["SWAPDB", "0"],
    ]));

  test("FLUSHDB and FLUSHALL empty one database and all", () =>
    expectSame([
      ["SET", "a", "zero"],
      ["SELECT", "1"],
      ["SET", "a", "one"],
      ["FLUSHDB", "SYNC"],
      ["DBSIZE"],
      ["SELECT", "0"],
      ["DBSIZE"],
      ["FLUSHALL", "async"],
      ["DBSIZE"],
      ["FLUSHDB"],
      ["FLUSHDB", "ASYNC"],
      ["FLUSHALL", "SYNC"],
      ["FLUSHALL"],
      ["FLUSHDB", "x"],
      ["FLUSHALL", "x"],
      ["FLUSHALL", "sync", "sync"],
      ["DBSIZE", "x"],
    ]));

  test("OBJECT REFCOUNT shows when integers are not shared", () =>
    expectSame([
      ["SET", "a", "1"],
      ["CONFIG", "SET", "maxmemory", "1gb", "maxmemory-policy", "volatile-lru"],
      ["SET", "b", "1"],
      ["OBJECT", "REFCOUNT", "b"],
      ["CONFIG", "SET", "maxmemory-policy", "allkeys-random"],
      ["SET", "b", "1"],
      ["OBJECT", "REFCOUNT", "b"],
      ["CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", "noeviction"],
      ["OBJECT", "REFCOUNT", "a"],
    ]));

  test("WAIT counts the replicas, of which there are none", () =>
    expectSame([
      ["WAIT", "0", "0"],
      ["SET", "a", "1"],
      ["WAIT", "0", "10000"],
      ["WAIT", "1", "1"],
      ["WAIT", "x", "0"],
      ["WAIT", "0", "x"],
      ["WAIT", "0", "-1"],
      ["WAIT", "0"],
      ["WAIT", "-1", "0"],
      ["MULTI"],
      ["WAIT", "1", "0"],
      ["EXEC"],
    ]));

  test("WAIT for a replica ends at its timeout, and not earlier", () =>
    expectSame([
      { on: 1, command: ["WAIT", "1", "200"], blocks: true },
      ["SET", "k", "v"],
      { awaitReply: 1 },
      ["GET", "k"],
    ]));

  test("OBJECT returns encoding, references and idle time", () =>
    expectSame([
      ["SET", "int", "9999"],
      ["SET", "large", "10000"],
      ["SET", "negative", "-1"],
      ["SET", "short", "x".repeat(44)],
      ["SET", "long", "x".repeat(45)],
      ["SET", "biggest", "9223372036854775807"],
      ["SET", "toobig", "9223372036854775808"],
      ...["int", "large", "negative", "short", "long", "biggest", "toobig", "none"].flatMap((key) => [
        ["OBJECT", "ENCODING", key],
        ["OBJECT", "refcount", key],
        // Redis shares small integers among all keys, and hence the time of their last use.
        ...(key === "int" ? [] : [{ command: ["OBJECT", "IDLETIME", key], compare: within(10) }]),
        ["OBJECT", "FREQ", key],
      ]),
      { command: ["OBJECT", "HELP"], compare: anything },
      ["OBJECT"],
      ["OBJECT", "ENCODING"],
      ["OBJECT", "ENCODING", "a", "b"],
      ["OBJECT", "NONSENSE", "a"],
      ["OBJECT", "HELP", "x"],
    ]));
});

describe.skipIf(redis.missing)(`expiry answers as redis-server does${redis.reason}`, () => {
  const conditions = [
    [],
    ["NX"],
    ["XX"],
    ["GT"],
    ["LT"],
    ["xx", "gt"],
    ["LT", "XX"],
    ["NX", "NX"],
    ["NX", "XX"],
    ["NX", "GT"],
    ["GT", "LT"],
    ["NX", "LT", "GT"],
    ["XX", "GT", "LT"],
    ["x"],
    ["GT", "junk"],
  ];

  test("EXPIREAT and PEXPIREAT set a moment under each condition", () =>
    expectSame([
      ["EXPIREAT", "none", far],
      ["PEXPIREAT", "none", far],
      ...conditions.flatMap((options) => [
        ["SET", "a", "1"],
        ["EXPIREAT", "a", far, ...options],
        ["EXPIRETIME", "a"],
        ["PEXPIREAT", "a", far * 1000 + 500, ...options],
        ["PEXPIRETIME", "a"],
        ["EXPIRETIME", "a"],
        ["EXPIREAT", "a", far, ...options],
        ["EXPIREAT", "a", far, ...options],
        ["PEXPIRETIME", "a"],
      ]),
    ]));

  test("EXPIRETIME rounds to the nearest second", () =>
    expectSame([
      ["SET", "a", "1"],
      ...[0, 1, 499, 500, 999].flatMap((rest) => [
        ["PEXPIREAT", "a", far * 1000 + rest],
        { command: ["EXPIRETIME", "a"], compare: sameBytes },
        { command: ["PEXPIRETIME", "a"], compare: sameBytes },
      ]),
    ]));

  test("EXPIRE and PEXPIRE set a time to live under each condition", () =>
    expectSame([
      ["EXPIRE", "none", "100"],
      ["PEXPIRE", "none", "100"],
      ...conditions.flatMap((options) => [
        ["SET", "a", "1"],
        ["EXPIRE", "a", 1000, ...options],
        ["TTL", "a"],
        ["PEXPIRE", "a", 2_000_000, ...options],
        ["PTTL", "a"],
        ["EXPIRE", "a", 100, ...options],
        ["TTL", "a"],
      ]),
    ]));

  test("a moment in the past deletes the key", () =>
    expectSame(
      [
        ["EXPIRE", "a", "0"],
        ["EXPIRE", "a", "-5"],
        ["PEXPIRE", "a", "0"],
        ["PEXPIRE", "a", "-1"],
        ["EXPIREAT", "a", "1"],
        ["PEXPIREAT", "a", "1"],
        ["EXPIREAT", "a", "-1"],
        ["EXPIREAT", "a", "0"],
        ["EXPIRE", "a", "-1", "NX"],
        ["EXPIRE", "a", "-1", "XX"],
        ["EXPIRE", "a", "-1", "LT"],
        ["EXPIRE", "a", "-1", "GT"],
      ].flatMap((command) => [["SET", "a", "1"], command, ["EXISTS", "a"], ["TTL", "a"]]),
    ));

  test("a moment out of range is refused", () =>
    expectSame([
      ["SET", "a", "1"],
      ...["EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"].flatMap((name) => [
        ...[
          "x",
          "",
          "1.5",
          " 1",
          "9223372036854775808",
          "9223372036854775807",
          "-9223372036854775808",
          "-9223372036854775809",
          "9223372036854775",
          "9223372036854776",
          "-9223372036854775",
          "-9223372036854776",
          "9223372036854770000",
          "9007199254740992",
        ].flatMap((time) => [
          [name, "a", time],
          ["EXISTS", "a"],
          ["SET", "a", "1"],
          [name, "none", time],
        ]),
        [name, "a"],
        [name],
      ]),
    ]));

  test("PERSIST removes the expiry", () =>
    expectSame([
      ["PERSIST", "none"],
      ["SET", "a", "1"],
      ["PERSIST", "a"],
      ["EXPIRE", "a", "100"],
      ["PERSIST", "a"],
      ["TTL", "a"],
      ["PERSIST", "a"],
      ["PERSIST"],
      ...["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"].flatMap((name) => [
        [name, "none"],
        [name, "a"],
        [name],
        [name, "a", "b"],
      ]),
    ]));

  test("an expired key is missing", () =>
    expectSame([
      ["SET", "a", "1", "PX", "1"],
      ["SET", "b", "1"],
      ["PEXPIRE", "b", "1"],
      ["SET", "c", "1", "PX", "1"],
      { waitMs: 20 },
      ["KEYS", "*"],
      ["GET", "a"],
      ["TTL", "b"],
      ["SET", "c", "new", "KEEPTTL"],
      ["TTL", "c"],
      ["RENAME", "a", "b"],
      ["DBSIZE"],
    ]));
});

describe.skipIf(redis.missing)(`generated sequences${redis.reason}`, () => {
  test(
    "of commands on keys",
    () => expectSameGenerated({ commands: [...genericSteps, ...genericSteps, ...stringSteps] }),
    generatedTimeoutMs,
  );

  test(
    "of commands on keys in two databases",
    () => expectSameGenerated({ commands: [...databaseSteps, ...genericSteps, ...stringSteps] }),
    generatedTimeoutMs,
  );

  test(
    "of commands on keys of other types",
    () => expectSameGenerated({ commands: [...databaseSteps, ...genericSteps, ...otherTypeSteps] }),
    generatedTimeoutMs,
  );
});
