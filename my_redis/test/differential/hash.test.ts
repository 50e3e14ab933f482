import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { stableGenericSteps } from "./stable-generic-steps.ts";
import { commandOf, keyWord } from "./harness/arbitrary-words.ts";
import {
  expectSame,
  expectSameGenerated,
  expectSameLog,
  generatedTimeoutMs,
  sameBytes,
  sameShape,
  type Word,
} from "./harness/index.ts";
import { hashSteps, orderedHashSteps, wholeHashSteps } from "./hash-steps.ts";

const redis = requireService("redis");
const fieldsFrom = (from: number, count: number): Word[] =>
  Array.from({ length: count }, (_, at) => [`field:${from + at}`, `value:${from + at}`]).flat();

describe.skipIf(redis.missing)(`hashes answer as redis-server does${redis.reason}`, () => {
  test("setting and getting fields", () =>
    expectSame([
      ["HSET", "h", "a", "1", "b", "2"],
      ["HSET", "h", "a", "3", "c", ""],
      ["HSET", "h", "same", "1", "same", "2"],
      ["HMSET", "h", "d", "4"],
      ["HSETNX", "h", "a", "no"],
      ["HSETNX", "h", "e", "yes"],
      ["HSETNX", "new", "e", "yes"],
      ...["a", "same", "c", "none"].flatMap((field) => [
        ["HGET", "h", field],
        ["HEXISTS", "h", field],
        ["HSTRLEN", "h", field],
      ]),
      ["HMGET", "h", "a", "none", "b", "a"],
      ["HMGET", "none", "a", "b"],
      ["HLEN", "h"],
      ["HLEN", "none"],
      ["HGET", "none", "a"],
      ["HEXISTS", "none", "a"],
      ["HSTRLEN", "none", "a"],
    ]));

  test("all fields of a packed hash in their order", () =>
    expectSame([
      ["HSET", "h", ...fieldsFrom(0, 20)],
      ["HDEL", "h", "field:3"],
      ["HSET", "h", "field:5", "a longer value than before", "field:3", "again"],
      ...["HGETALL", "HKEYS", "HVALS"].flatMap((name) => [
        { command: [name, "h"], compare: sameBytes },
        { command: [name, "none"], compare: sameBytes },
      ]),
      { command: ["HSCAN", "h", "0", "MATCH", "field:1*"], compare: sameBytes },
      { command: ["HSCAN", "h", "0", "COUNT", "1"], compare: sameBytes },
      { command: ["HRANDFIELD", "h", "100"], compare: sameBytes },
      { command: ["HRANDFIELD", "h", "100", "WITHVALUES"], compare: sameBytes },
    ]));

  test("deleting fields, and the key with its last field", () =>
    expectSame([
      ["HSET", "h", "a", "1", "b", "2", "c", "3"],
      ["HDEL", "h", "a", "a", "none"],
      ["HDEL", "h", "b", "c", "d"],
      ["EXISTS", "h"],
      ["HDEL", "h", "a"],
    ]));

  test("adding whole numbers, to the limits of 64 bits", () =>
    expectSame([
      ["HINCRBY", "h", "n", "5"],
      ["HINCRBY", "h", "n", "-7"],
      [
        "HSET",
        "h",
        "max",
        "9223372036854775806",
        "text",
        "x",
        "float",
        "1.5",
        "space",
        " 1",
        "big",
        "9007199254740993",
      ],
      ["HINCRBY", "h", "max", "1"],
      ["HINCRBY", "h", "max", "1"],
      ["HINCRBY", "h", "max", "-9223372036854775808"],
      ["HINCRBY", "h", "max", "-9223372036854775808"],
      ["HINCRBY", "h", "big", "9007199254740993"],
      ["HINCRBY", "h", "big", "-9007199254740992"],
      ...["text", "float", "space"].map((field) => ["HINCRBY", "h", field, "1"]),
      ...["x", "1.5", "", "9223372036854775808"].map((by) => ["HINCRBY", "h", "n", by]),
    ]));

  test("adding fractions as long doubles", () =>
    expectSame([
      ["HSET", "h", "n", "10.50", "text", "x", "inf", "inf"],
      ["HINCRBYFLOAT", "h", "n", "0.1"],
      ["HINCRBYFLOAT", "h", "n", "-5"],
      ["HINCRBYFLOAT", "h", "n", "5.0e3"],
      ["HINCRBYFLOAT", "h", "new", "0.1"],
      ["HINCRBYFLOAT", "h", "new", "0.2"],
      ["HINCRBYFLOAT", "h", "text", "1"],
      ["HINCRBYFLOAT", "h", "inf", "1"],
      ...["x", "nan", "inf", "-inf", "", " 1"].map((by) => ["HINCRBYFLOAT", "h", "n", by]),
      ["HINCRBYFLOAT", "h", "big", "1e4932"],
      ["HINCRBYFLOAT", "h", "big", "1e4932"],
    ]));

  test("random fields, as many as requested", () =>
    expectSame([
      { command: ["HRANDFIELD", "none"], compare: sameBytes },
      ["HRANDFIELD", "none", "5"],
      ["HRANDFIELD", "none", "-5", "WITHVALUES"],
      ["HSET", "one", "f", "v"],
      ["HRANDFIELD", "one"],
      ["HRANDFIELD", "one", "0"],
      ["HRANDFIELD", "one", "-3"],
      ["HRANDFIELD", "one", "-3", "withvalues"],
      ["HRANDFIELD", "one", "3", "WITHVALUES"],
      ["HSET", "h", ...fieldsFrom(0, 30)],
      ...["5", "29", "30", "31", "-5", "-50"].flatMap((count) => [
        { command: ["HRANDFIELD", "h", count], compare: sameShape },
        { command: ["HRANDFIELD", "h", count, "WITHVALUES"], compare: sameShape },
      ]),
      ["HRANDFIELD", "h", "x"],
      ["HRANDFIELD", "h", "1", "x"],
      ["HRANDFIELD", "h", "1", "WITHVALUES", "x"],
      ["HRANDFIELD", "h", "-9223372036854775808"],
      ["HRANDFIELD", "h", "9223372036854775808"],
      ["HRANDFIELD", "h", "-9223372036854775807", "WITHVALUES"],
      ["HRANDFIELD", "h", "4611686018427387904", "WITHVALUES"],
    ]));

  test("scanning a large hash to its end", () =>
    expectSame([
      ["HSET", "h", ...fieldsFrom(0, 600)],
      ["OBJECT", "ENCODING", "h"],
      { scan: ["HSCAN", "h"] },
      { scan: ["HSCAN", "h", "COUNT", "100"] },
      { scan: ["HSCAN", "h", "MATCH", "*7*", "COUNT", "7"] },
      ["HSCAN", "none", "0"],
      ["HSCAN", "none", "5", "x"],
      ...["x", "-1", "1.5", "99999999999999999999"].map((cursor) => ["HSCAN", "none", cursor]),
      ["HSCAN", "h", "0", "COUNT"],
      ["HSCAN", "h", "0", "COUNT", "0"],
      ["HSCAN", "h", "0", "COUNT", "x"],
      ["HSCAN", "h", "0", "MATCH"],
      ["HSCAN", "h", "0", "TYPE", "hash"],
      ["HSCAN", "h", "0", "x"],
    ]));

  test("encodings change at the same sizes as Redis's", () =>
    expectSame([
      ["HSET", "value", "f", "x".repeat(64)],
      ["OBJECT", "ENCODING", "value"],
      ["HSET", "value", "f", "x".repeat(65)],
      ["OBJECT", "ENCODING", "value"],
      ["HSET", "field", "x".repeat(65), "v"],
      ["OBJECT", "ENCODING", "field"],
      ["HINCRBYFLOAT", "field", "f", "1e100"],
      ["HINCRBYFLOAT", "float", "f", "1e100"],
      ["OBJECT", "ENCODING", "float"],
      ["HSET", "many", ...fieldsFrom(0, 512)],
      ["OBJECT", "ENCODING", "many"],
      ["HSETNX", "many", "another", "1"],
      ["OBJECT", "ENCODING", "many"],
      ["HDEL", "many", "another"],
      ["OBJECT", "ENCODING", "many"],
      ["CONFIG", "SET", "hash-max-listpack-entries", "3"],
      ["HSET", "few", ...fieldsFrom(0, 3)],
      ["OBJECT", "ENCODING", "few"],
      ["HINCRBY", "few", "n", "1"],
      ["OBJECT", "ENCODING", "few"],
      ["CONFIG", "SET", "hash-max-listpack-entries", "512", "hash-max-listpack-value", "4"],
      ["HSET", "short", "f", "1234"],
      ["HSET", "short", "12345", "v"],
      ["OBJECT", "ENCODING", "short"],
      ["CONFIG", "SET", "hash-max-listpack-value", "64"],
    ]));

  test("copying, renaming and expiring hashes of either kind", () =>
    expectSame([
      ["HSET", "small", "a", "1"],
      ["HSET", "large", ...fieldsFrom(0, 600)],
      ["COPY", "small", "small copy"],
      ["COPY", "large", "large copy"],
      ["HSET", "small", "a", "2", "b", "3"],
      ["HSET", "large", "field:1", "changed"],
      ["HDEL", "large copy", "field:2"],
      ["RENAME", "large", "renamed"],
      ["EXPIRE", "renamed", "1000"],
      ["EXPIRE", "small", "1000"],
      ["HSET", "small", "c", "x".repeat(60)],
      ["HSET", "renamed", "field:9", "x".repeat(60)],
      ["PERSIST", "small"],
      ["UNLINK", "large copy"],
    ]));

  test("values of another type, and commands with too few or too many arguments", () =>
    expectSame([
      ["SET", "s", "v"],
      ...[
        ["HSET", "s", "f", "v"],
        ["HSETNX", "s", "f", "v"],
        ["HMSET", "s", "f", "v"],
        ["HGET", "s", "f"],
        ["HMGET", "s", "f"],
        ["HGETALL", "s"],
        ["HKEYS", "s"],
        ["HVALS", "s"],
        ["HDEL", "s", "f"],
        ["HLEN", "s"],
        ["HEXISTS", "s", "f"],
        ["HSTRLEN", "s", "f"],
        ["HINCRBY", "s", "f", "1"],
        ["HINCRBYFLOAT", "s", "f", "1"],
        ["HRANDFIELD", "s"],
        ["HRANDFIELD", "s", "1"],
        ["HSCAN", "s", "0"],
      ].flatMap((words) => [words, words.slice(0, -1), [...words, "x"], [words[0] as string]]),
      ["HSET", "h", "a", "1", "b"],
      ["HMSET", "h", "a", "1", "b"],
      ["HINCRBY", "s", "f", "x"],
      ["HINCRBYFLOAT", "s", "f", "x"],
    ]));

  test(
    "generated sequences on packed hashes, which keep their order",
    async () => {
      try {
        await expectSameGenerated({
          commands: [...hashSteps, ...orderedHashSteps],
          before: [["CONFIG", "SET", "hash-max-listpack-value", "100000"]],
          runs: 60,
          maxSteps: 60,
        });
      } finally {
        await expectSame([["CONFIG", "SET", "hash-max-listpack-value", "64"]]);
      }
    },
    generatedTimeoutMs,
  );

  test(
    "generated sequences on hashes of either kind, among keys of any type",
    async () => {
      const set = commandOf("SET", keyWord, "text");
      try {
        await expectSameGenerated({
          commands: [...hashSteps, ...hashSteps, ...wholeHashSteps, ...stableGenericSteps, set],
          before: [["CONFIG", "SET", "hash-max-listpack-entries", "6"]],
          runs: 60,
          maxSteps: 60,
        });
      } finally {
        await expectSame([["CONFIG", "SET", "hash-max-listpack-entries", "512"]]);
      }
    },
    generatedTimeoutMs,
  );

  test("the log contains the sum of HINCRBYFLOAT", () =>
    expectSameLog([
      ["hset", "h", "a", "1"],
      ["HINCRBY", "h", "a", "5"],
      ["HINCRBYFLOAT", "h", "a", "0.1"],
      ["HINCRBYFLOAT", "h", "a", "x"],
      ["HSETNX", "h", "a", "1"],
      ["HDEL", "h", "none"],
      ["HDEL", "h", "a"],
    ]));
});
