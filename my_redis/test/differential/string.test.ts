import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { stringSteps } from "./arbitrary-commands.ts";
import { expectSame, expectSameGenerated, generatedTimeoutMs, type Step } from "./harness/index.ts";

const redis = requireService("redis");
const far = 4_102_444_800;
/** A command that creates a key of another type. */
const notString: Step = ["HSET", "hash", "field", "value"];

describe.skipIf(redis.missing)(`SET and GET answer as redis-server does${redis.reason}`, () => {
  test("values of every form come back", () =>
    expectSame(
      [
        "",
        "v",
        "0",
        "-0",
        "00",
        "+1",
        " 1",
        "1 ",
        "1.5",
        "-1",
        "10000",
        "9007199254740991",
        "9007199254740992",
        "-9007199254740993",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999",
        "\r\n",
        "\0",
        "x".repeat(44),
        "x".repeat(45),
        "ü".repeat(40),
        "x".repeat(100_000),
        Uint8Array.of(0, 255, 128, 13, 10),
      ].flatMap((value) => [
        ["SET", "k", value],
        ["GET", "k"],
        ["STRLEN", "k"],
        ["OBJECT", "ENCODING", "k"],
      ]),
    ));

  test("keys of every form are found", () =>
    expectSame(
      ["", "\0", "\r\n", "k".repeat(70), "k".repeat(70_000), Uint8Array.of(255, 0, 254), "ключ"].flatMap((key) => [
        ["SET", key, "v"],
        ["GET", key],
        ["EXISTS", key],
      ]),
    ));

  test("each option of SET has its effect", () =>
    expectSame([
      ["SET", "k", "1", "NX"],
      ["SET", "k", "2", "nx"],
      ["SET", "k", "3", "XX"],
      ["SET", "none", "3", "XX"],
      ["SET", "k", "4", "GET"],
      ["SET", "new", "5", "GET"],
      ["SET", "k", "6", "NX", "GET"],
      ["SET", "newer", "6", "NX", "GET"],
      ["SET", "k", "7", "XX", "GET"],
      ["SET", "none", "7", "XX", "GET"],
      ["SET", "k", "8", "EXAT", far],
      ["EXPIRETIME", "k"],
      ["SET", "k", "9", "KEEPTTL"],
      ["EXPIRETIME", "k"],
      ["SET", "k", "a longer value that needs a larger block than the one it has", "KEEPTTL", "GET"],
      ["EXPIRETIME", "k"],
      ["SET", "k", "10"],
      ["TTL", "k"],
      ["SET", "k", "11", "KEEPTTL"],
      ["TTL", "k"],
      ["SET", "k", "12", "PXAT", far * 1000 + 1],
      ["PEXPIRETIME", "k"],
      ["SET", "k", "13", "EX", "1000", "NX"],
      ["SET", "k", "13", "EX", "1000", "XX", "GET"],
      ["TTL", "k"],
      ["SET", "k", "14", "PX", "100000", "EX", "5"],
      ["SET", "k", "14", "EX", "5", "EX", "1000"],
      ["TTL", "k"],
      ["SET", "fresh", "15", "KEEPTTL"],
      ["TTL", "fresh"],
      ["SET", "past", "16", "PXAT", "1"],
      ["GET", "past"],
      ["SET", "past", "16", "EXAT", "1", "GET"],
      ["EXISTS", "past"],
      ["SET", "k", "v", "GET", "GET", "KEEPTTL", "KEEPTTL", "XX", "XX"],
    ]));

  test("SET refuses contradictory and unknown options", () =>
    expectSame([
      ...[
        ["NX", "XX"],
        ["XX", "NX"],
        ["EX", "10", "PX", "10"],
        ["EX", "10", "KEEPTTL"],
        ["KEEPTTL", "EX", "10"],
        ["KEEPTTL", "PXAT", "10"],
        ["EXAT", "10", "PXAT", "10"],
        ["PERSIST"],
        ["EX"],
        ["PX"],
        ["EXAT"],
        ["PXAT"],
        ["x"],
        [""],
        ["EX", "10", "x"],
        ["NXX"],
        ["KEEPTT"],
      ].map((options) => ["SET", "k", "v", ...options]),
      ["SET"],
      ["SET", "k"],
      ["GET"],
      ["GET", "k", "x"],
      ["GET", "k"],
    ]));

  test("SET, SETEX, PSETEX and GETEX refuse an invalid time", () =>
    expectSame([
      ["SET", "k", "v"],
      ...[
        "0",
        "-1",
        "x",
        "",
        "1.5",
        "9223372036854775807",
        "9223372036854775808",
        "9223372036854775",
        "9223372036854776",
        "9223372036854770000",
        "-9223372036854775808",
      ].flatMap((time) => [
        ...["EX", "PX", "EXAT", "PXAT"].flatMap((option) => [
          ["SET", "k", "w", option, time],
          ["SET", "k", "w", option, time, "NX"],
          ["GETEX", "k", option, time],
          ["GETEX", "none", option, time],
          ["GET", "k"],
          ["SET", "k", "v"],
        ]),
        ["SETEX", "k", time, "w"],
        ["PSETEX", "k", time, "w"],
        ["GET", "k"],
        ["SET", "k", "v"],
      ]),
    ]));

  test("commands on strings refuse a key of another type, and SET replaces it", () =>
    expectSame([
      notString,
      ["GET", "hash"],
      ["SET", "hash", "v", "GET"],
      ["SET", "hash", "v", "GET", "EX", "0"],
      ["SET", "hash", "v", "GET", "XX"],
      ["GETSET", "hash", "v"],
      ["GETDEL", "hash"],
      ["GETEX", "hash"],
      ["GETEX", "hash", "EX", "0"],
      ["APPEND", "hash", "v"],
      ["STRLEN", "hash"],
      ["GETRANGE", "hash", "0", "1"],
      ["SUBSTR", "hash", "0", "1"],
      ["SETRANGE", "hash", "0", "v"],
      ["SETRANGE", "hash", "0", ""],
      ["INCR", "hash"],
      ["DECR", "hash"],
      ["INCRBY", "hash", "1"],
      ["DECRBY", "hash", "1"],
      ["INCRBY", "hash", "x"],
      ["INCRBYFLOAT", "hash", "1"],
      ["INCRBYFLOAT", "hash", "x"],
      ["LCS", "hash", "none"],
      ["LCS", "none", "hash", "x"],
      ["MGET", "hash", "none"],
      ["SETNX", "hash", "v"],
      ["MSETNX", "new", "1", "hash", "v"],
      ["SET", "hash", "v", "NX"],
      ["TYPE", "hash"],
      ["SET", "hash", "v"],
      ["TYPE", "hash"],
      notString,
    ]));

  test("SETNX, SETEX, PSETEX, GETSET, GETDEL and GETEX have their effects", () =>
    expectSame([
      ["SETNX", "k", "1"],
      ["SETNX", "k", "2"],
      ["SETEX", "k", "1000", "3"],
      ["TTL", "k"],
      ["PSETEX", "k", "500000", "text"],
      ["PTTL", "k"],
      ["GETSET", "k", "5"],
      ["TTL", "k"],
      ["GETSET", "new", "6"],
      ["GETDEL", "new"],
      ["GETDEL", "new"],
      ["GETEX", "none"],
      ["GETEX", "k"],
      ["GETEX", "k", "EX", "100"],
      ["TTL", "k"],
      ["GETEX", "k", "px", "100000"],
      ["PTTL", "k"],
      ["GETEX", "k", "EXAT", far],
      ["EXPIRETIME", "k"],
      ["GETEX", "k", "PXAT", far * 1000 + 7],
      ["PEXPIRETIME", "k"],
      ["GETEX", "k", "PERSIST"],
      ["TTL", "k"],
      ["GETEX", "k", "PERSIST"],
      ["GETEX", "k", "PERSIST", "EX", "10"],
      ["GETEX", "k", "EX", "10", "PERSIST"],
      ["GETEX", "k", "EX", "10", "EX", "20"],
      ["GETEX", "k", "PERSIST", "PERSIST"],
      ["GETEX", "k", "KEEPTTL"],
      ["GETEX", "k", "NX"],
      ["GETEX", "k", "GET"],
      ["GETEX", "k", "EX"],
      ["GETEX", "k", "PXAT", "1"],
      ["EXISTS", "k"],
      ["GETEX"],
      ["GETDEL"],
      ["GETSET", "k"],
      ["SETNX", "k"],
      ["SETEX", "k", "1"],
      ["PSETEX", "k", "1", "v", "x"],
    ]));

  test("MSET, MSETNX and MGET take many keys", () =>
    expectSame([
      ["MSET", "a", "1", "b", "text", "a", "2"],
      ["MGET", "a", "b", "none", "a"],
      ["MSETNX", "c", "3", "a", "4"],
      ["MGET", "a", "c"],
      ["MSETNX", "c", "3", "d", "4", "c", "5"],
      ["MGET", "c", "d"],
      ["EXPIRE", "a", "100"],
      ["MSET", "a", "6"],
      ["TTL", "a"],
      ["MSET"],
      ["MSET", "a"],
      ["MSET", "a", "1", "b"],
      ["MSETNX"],
      ["MSETNX", "a", "1", "b"],
      ["MGET"],
    ]));
});

describe.skipIf(redis.missing)(`generated sequences${redis.reason}`, () => {
  test("of string commands", () => expectSameGenerated({ commands: stringSteps }), generatedTimeoutMs);
});
