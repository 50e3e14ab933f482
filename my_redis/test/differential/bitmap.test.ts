import { describe, test } from "bun:test";
import fc from "fast-check";
import { requireService } from "../../../tools/test-services/index.ts";
import { commandOf, integerWord, junkWord, keyWord, optionsOf, valueWord } from "./harness/arbitrary-words.ts";
import { expectSame, expectSameGenerated, generatedTimeoutMs, type Step, type Word } from "./harness/index.ts";

const redis = requireService("redis");

/** Keys for the examples: bytes of all kinds, an integer, an empty string, another type, and a missing key. */
const values: Step[] = [
  ["SET", "bytes", Uint8Array.of(0, 0, 0x0f, 0xff, 0x80, 0x01, 0, 0xaa, 0x55, 0)],
  ["SET", "ones", Uint8Array.of(255, 255, 255)],
  ["SET", "zeros", Uint8Array.of(0, 0, 0)],
  ["SET", "number", "12345"],
  ["SET", "empty", ""],
  ["HSET", "hash", "field", "value"],
];
const keys = ["bytes", "ones", "zeros", "number", "empty", "hash", "none"];
const badOffsets = ["-1", "x", "", "1.5", "4294967296", "9223372036854775807", "9223372036854775808", "#0"];
const ranges = [
  [0, -1],
  [1, 3],
  [-3, -1],
  [-1, -3],
  [3, 1],
  [0, 100],
  [5, 5],
  [-100, 100],
  [-100, -99],
  [7, 7],
  [2, 60],
  [-60, -2],
  [100, 200],
  [80, 80],
];

describe.skipIf(redis.missing)(`bitmaps answer as in redis-server${redis.reason}`, () => {
  test("SETBIT and GETBIT", () =>
    expectSame([
      ...values,
      ...keys.flatMap((key) =>
        [0, 1, 7, 8, 23, 24, 100].flatMap((bit) => [
          ["GETBIT", key, bit],
          ["SETBIT", key, bit, 1],
          ["SETBIT", key, bit, 0],
          ["SETBIT", key, bit, 0],
          ["GETBIT", key, bit],
        ]),
      ),
      ...badOffsets.flatMap((offset) => [
        ["SETBIT", "bytes", offset, 1],
        ["GETBIT", "bytes", offset],
        ["GETBIT", "none", offset],
      ]),
      ...["2", "-1", "x", "", "9223372036854775808"].map((bit) => ["SETBIT", "bytes", 0, bit]),
      ["SETBIT", "fresh", "0", "0"],
      ["EXPIREAT", "number", "4102444800"],
      ["SETBIT", "number", "0", "1"],
      ["SETBIT", "bytes", "x", "x"],
      ["SETBIT", "bytes", "1"],
      ["GETBIT", "bytes"],
    ]));

  test("BITCOUNT", () =>
    expectSame([
      ...values,
      ["SET", "long", Uint8Array.from({ length: 5000 }, (_, at) => (at * 7919) & 255)],
      ...["long", ...keys].flatMap((key) => [
        ["BITCOUNT", key],
        ...ranges.flatMap(([from, to]) =>
          [[], ["BYTE"], ["bit"]].map((unit) => ["BITCOUNT", key, from as number, to as number, ...unit]),
        ),
        ["BITCOUNT", key, "x", "1"],
        ["BITCOUNT", key, "1", "x"],
        ["BITCOUNT", key, "1", "2", "x"],
        ["BITCOUNT", key, "-1", "-2", "x"],
        ["BITCOUNT", key, "1"],
        ["BITCOUNT", key, "x"],
        ["BITCOUNT", key, "1", "2", "BIT", "x"],
      ]),
      ["BITCOUNT"],
    ]));

  test("BITPOS", () =>
    expectSame([
      ...values,
      ...keys.flatMap((key) =>
        [0, 1].flatMap((bit) => [
          ["BITPOS", key, bit],
          ...[0, 1, 2, 5, -1, -2, 100, -100].map((from) => ["BITPOS", key, bit, from]),
          ...ranges.flatMap(([from, to]) =>
            [[], ["BYTE"], ["bit"]].map((unit) => ["BITPOS", key, bit, from as number, to as number, ...unit]),
          ),
          ["BITPOS", key, bit, "x"],
          ["BITPOS", key, bit, "1", "x"],
          ["BITPOS", key, bit, "1", "2", "x"],
          ["BITPOS", key, bit, "x", "2", "x"],
          ["BITPOS", key, bit, "1", "x", "x"],
          ["BITPOS", key, bit, "1", "2", "BIT", "x"],
        ]),
      ),
      ...["2", "-1", "x", ""].map((bit) => ["BITPOS", "bytes", bit]),
      ["BITPOS", "bytes"],
    ]));

  test("BITOP", () =>
    expectSame([
      ...values,
      ...["AND", "or", "XOR", "NOT", "x"].flatMap((operation) => [
        ...[
          ["bytes"],
          ["none"],
          ["empty"],
          ["number"],
          ["hash"],
          ["bytes", "ones"],
          ["ones", "bytes"],
          ["bytes", "none", "number"],
          ["ones", "number", "zeros"],
          ["none", "empty"],
          ["ones", "hash"],
        ].map((sources) => ["BITOP", operation, "target", ...sources]),
        ["SET", "target", "old", "EX", "1000"],
        ["BITOP", operation, "target", "ones"],
        ["TTL", "target"],
        ["BITOP", operation, "target", "none"],
        ["EXISTS", "target"],
      ]),
      ["BITOP", "AND", "hash", "ones"],
      ["BITOP", "NOT", "ones", "ones"],
      ["GET", "ones"],
      ["BITOP", "AND", "target"],
    ]));

  test("BITFIELD and BITFIELD_RO", () => {
    const types = ["i1", "u1", "i5", "u5", "i8", "u8", "i13", "u31", "i32", "u63", "i64"];
    const numbers = [
      "0",
      "1",
      "-1",
      "15",
      "16",
      "127",
      "128",
      "255",
      "256",
      "-128",
      "-129",
      "4294967295",
      "9223372036854775807",
      "-9223372036854775808",
    ];
    return expectSame([
      ...values,
      ...types.flatMap((type) =>
        ["wrap", "SAT", "fail"].flatMap((overflow) => [
          ...numbers.map((number) => [
            "BITFIELD",
            "a",
            "OVERFLOW",
            overflow,
            "SET",
            type,
            "3",
            number,
            "GET",
            type,
            "3",
          ]),
          ...numbers.map((number) => [
            "BITFIELD",
            "a",
            "OVERFLOW",
            overflow,
            "INCRBY",
            type,
            "#1",
            number,
            "GET",
            type,
            "#1",
            "INCRBY",
            type,
            "#1",
            number,
          ]),
        ]),
      ),
      ...keys.flatMap((key) => [
        ["BITFIELD_RO", key, "GET", "u8", "0", "GET", "i64", "13", "get", "u5", "#3", "GET", "i7", "100000"],
        ["BITFIELD", key, "GET", "u8", "0", "GET", "i64", "13"],
        ["BITFIELD", key],
        ["BITFIELD_RO", key],
        ["BITFIELD", key, "SET", "u8", "30", "200", "GET", "u8", "30"],
        ["BITFIELD", key, "OVERFLOW", "FAIL", "INCRBY", "u2", "200", "5"],
        ["BITFIELD_RO", key, "SET", "u8", "0", "1"],
      ]),
      ...["i0", "u0", "u64", "i65", "x8", "8", "i", "", "i-1", "u08", "i8x", "I8"].map((type) => [
        "BITFIELD",
        "a",
        "GET",
        type,
        "0",
      ]),
      ...[...badOffsets, "#x", "#-1", "#", "#1"].map((offset) => ["BITFIELD", "a", "GET", "u8", offset]),
      ...["x", "", "1.5", "9223372036854775808"].map((number) => ["BITFIELD", "a", "SET", "u8", "0", number]),
      ["BITFIELD", "a", "SET", "u8", "0"],
      ["BITFIELD", "a", "GET", "u8"],
      ["BITFIELD", "a", "INCRBY", "u8", "0"],
      ["BITFIELD", "a", "OVERFLOW"],
      ["BITFIELD", "a", "OVERFLOW", "x"],
      ["BITFIELD", "a", "OVERFLOW", "SAT"],
      ["BITFIELD", "a", "NONE", "u8", "0", "1"],
      ["BITFIELD", "a", "SET", "u8", "0", "1", "NONE"],
      ["BITFIELD_RO", "hash", "SET", "u8", "0", "1"],
      ["BITFIELD"],
      ["BITFIELD_RO"],
    ]);
  });

  test(
    "in generated sequences",
    () => {
      const bit = fc.oneof(fc.integer({ min: 0, max: 200 }), junkWord);
      const unit = optionsOf(1, "BIT", "BYTE");
      const type = fc
        .tuple(fc.constantFrom("i", "u"), fc.integer({ min: 1, max: 64 }))
        .map(([letter, bits]) => `${letter}${bits}`);
      const offset = fc.oneof(
        fc.integer({ min: 0, max: 90 }).map(String),
        fc.integer({ min: 0, max: 9 }).map((field) => `#${field}`),
      );
      const operation = fc.oneof(
        fc.tuple(fc.constant("GET"), type, offset),
        fc.tuple(fc.constantFrom("SET", "INCRBY"), type, offset, integerWord),
        fc.tuple(fc.constant("OVERFLOW"), fc.constantFrom("WRAP", "SAT", "FAIL")),
      ) as fc.Arbitrary<Word[]>;
      const operations = fc.array(operation, { maxLength: 5 }).map((list) => list.flat());
      return expectSameGenerated({
        commands: [
          commandOf("SET", keyWord, valueWord),
          commandOf("SETBIT", keyWord, bit, fc.constantFrom<Word>(0, 1)),
          commandOf("GETBIT", keyWord, bit),
          commandOf("BITCOUNT", keyWord, integerWord, integerWord, unit),
          commandOf("BITPOS", keyWord, fc.constantFrom<Word>(0, 1), integerWord, integerWord, unit),
          commandOf("BITOP", fc.constantFrom<Word>("AND", "OR", "XOR"), keyWord, keyWord, keyWord),
          commandOf("BITOP", "NOT", keyWord, keyWord),
          commandOf("BITFIELD", keyWord, operations),
          commandOf("BITFIELD_RO", keyWord, operations),
        ],
      });
    },
    generatedTimeoutMs,
  );
});
