import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import fc from "fast-check";
import { commandOf, floatWord, integerWord } from "./harness/arbitrary-words.ts";
import { expectSame, expectSameGenerated, generatedTimeoutMs, type Word } from "./harness/index.ts";

const redis = requireService("redis");
const far = 4_102_444_800;

describe.skipIf(redis.missing)(`changes within a string answer as redis-server does${redis.reason}`, () => {
  test("APPEND makes a string longer, whatever its encoding", () =>
    expectSame([
      ["APPEND", "k", "10"],
      ["OBJECT", "ENCODING", "k"],
      ["APPEND", "k", "0"],
      ["OBJECT", "ENCODING", "k"],
      ["INCR", "k"],
      ["OBJECT", "ENCODING", "k"],
      ["APPEND", "k", ""],
      ["OBJECT", "ENCODING", "k"],
      ["EXPIREAT", "k", far],
      ...Array.from({ length: 20 }, (_, at) => ["APPEND", "k", "part ".repeat(at * at)]),
      ["EXPIRETIME", "k"],
      ["GET", "k"],
      ["APPEND", "empty", ""],
      ["EXISTS", "empty"],
      ["SET", "big", "9223372036854775807"],
      ["APPEND", "big", "1"],
      ["GET", "big"],
      ["APPEND", "k"],
    ]));

  test("GETRANGE and SUBSTR cut at both ends", () =>
    expectSame([
      ["SET", "k", "Hello"],
      ["SET", "n", "-12345"],
      ["SET", "empty", ""],
      ...["k", "n", "empty", "none"].flatMap((key) =>
        [
          [0, -1],
          [0, 0],
          [1, 3],
          [-3, -2],
          [-2, -3],
          [3, 1],
          [0, 100],
          [5, 5],
          [4, 4],
          [-100, 100],
          [-100, -99],
          [-100, -5],
          [-5, -100],
          [100, 200],
          [0, "9223372036854775807"],
          ["-9223372036854775808", -1],
          [-1, -6],
          [-6, -6],
        ].map(([from, to]) => ["GETRANGE", key, from as number, to as number]),
      ),
      ["SUBSTR", "k", "1", "2"],
      ["GETRANGE", "k", "x", "1"],
      ["GETRANGE", "k", "1", "x"],
      ["GETRANGE", "k", "1", "9223372036854775808"],
      ["GETRANGE", "k", "1"],
      ["SUBSTR", "k"],
    ]));

  test("SETRANGE overwrites, extends and fills with zeros", () =>
    expectSame([
      ["SETRANGE", "k", "5", "hello"],
      ["GET", "k"],
      ["SETRANGE", "k", "0", "0123"],
      ["SETRANGE", "k", "8", "89abcdef"],
      ["SETRANGE", "k", "100", "end"],
      ["GET", "k"],
      ["SETRANGE", "none", "5", ""],
      ["EXISTS", "none"],
      ["SETRANGE", "k", "2000", ""],
      ["SET", "n", "12345"],
      ["EXPIREAT", "n", far],
      ["SETRANGE", "n", "1", "x"],
      ["GET", "n"],
      ["EXPIRETIME", "n"],
      ["SET", "n", "12345"],
      ["SETRANGE", "n", "1", "9"],
      ["OBJECT", "ENCODING", "n"],
      ["INCR", "n"],
      ["SETRANGE", "k", "-1", "x"],
      ["SETRANGE", "k", "x", "x"],
      ["SETRANGE", "k", "-1", ""],
      ["SETRANGE", "k", "536870911", "ab"],
      ["SETRANGE", "none", "536870912", "a"],
      ["SETRANGE", "none", "9223372036854775807", "a"],
      ["SETRANGE", "none", "9223372036854775808", "a"],
      ["SETRANGE", "k", "1"],
    ]));

  test("no string grows beyond proto-max-bulk-len", () =>
    expectSame([
      ["CONFIG", "SET", "proto-max-bulk-len", "1mb"],
      ["SETRANGE", "k", 2 ** 20 - 1, "x"],
      ["APPEND", "k", "y"],
      ["SETRANGE", "k", 2 ** 20 - 1, "yz"],
      ["SETRANGE", "k", 2 ** 20, "y"],
      ["SETRANGE", "new", 2 ** 20, "y"],
      ["STRLEN", "k"],
      ["APPEND", "k", ""],
      ["SETBIT", "k", 2 ** 23 - 1, "1"],
      ["SETBIT", "k", 2 ** 23, "1"],
      ["LCS", "k", "k"],
      ["CONFIG", "SET", "proto-max-bulk-len", "512mb"],
    ]));

  test("STRLEN counts bytes", () =>
    expectSame([
      ["SET", "k", "ü€"],
      ["STRLEN", "k"],
      ["SET", "k", "-100"],
      ["STRLEN", "k"],
      ["STRLEN", "none"],
      ["STRLEN"],
    ]));
});

describe.skipIf(redis.missing)(`counting answers as redis-server does${redis.reason}`, () => {
  test("INCR, DECR, INCRBY and DECRBY count in 64 bits", () =>
    expectSame([
      ["INCR", "k"],
      ["INCR", "k"],
      ["DECR", "k"],
      ["DECRBY", "k", "10"],
      ["INCRBY", "k", "-5"],
      ["EXPIREAT", "k", far],
      ["INCR", "k"],
      ["EXPIRETIME", "k"],
      ["DECR", "new"],
      ["INCRBY", "other", "9007199254740993"],
      ["DECRBY", "another", "9007199254740993"],
      ...[
        "9007199254740990",
        "9007199254740991",
        "9007199254740992",
        "-9007199254740991",
        "-9007199254740992",
        "9223372036854775806",
        "9223372036854775807",
        "-9223372036854775807",
        "-9223372036854775808",
        "0",
        "-1",
      ].flatMap((value) => [
        ["SET", "k", value],
        ["INCR", "k"],
        ["DECR", "k"],
        ["DECR", "k"],
        ["SET", "k", value],
        ...[
          "9223372036854775807",
          "-9223372036854775808",
          "9007199254740991",
          "-9007199254740993",
          "4611686018427387904",
        ].flatMap((by) => [
          ["INCRBY", "k", by],
          ["SET", "k", value],
          ["DECRBY", "k", by],
          ["SET", "k", value],
        ]),
      ]),
      ["DECRBY", "k", "-9223372036854775808"],
    ]));

  test("counting refuses what is no integer", () =>
    expectSame([
      ...["", "x", "1.0", " 1", "1 ", "+1", "01", "-0", "1e3", "9223372036854775808", "0x10", "1\0"].flatMap(
        (value) => [
          ["SET", "k", value],
          ["INCR", "k"],
          ["DECRBY", "k", "1"],
          ["SET", "n", "1"],
          ["INCRBY", "n", value],
          ["DECRBY", "n", value],
        ],
      ),
      ["SET", "k", "1"],
      ["APPEND", "k", "0"],
      ["INCR", "k"],
      ["INCR"],
      ["INCR", "k", "1"],
      ["DECR"],
      ["INCRBY", "k"],
      ["DECRBY", "k"],
    ]));

  test("INCRBYFLOAT counts as a long double", () =>
    expectSame([
      ...[
        ["0.1", "0.2"],
        ["3", "0"],
        ["3.0", "1.5"],
        ["10.50", "0.1"],
        ["5.0e3", "2.0e2"],
        ["1", "-1"],
        ["-0.0", "-0.0"],
        ["0", "1e-17"],
        ["0", "1e-18"],
        ["0", "5e-18"],
        ["0", "1.5e-17"],
        ["1e17", "0.1"],
        ["1e300", "1e300"],
        ["1e4932", "1e4932"],
        ["1e4932", "-1e4932"],
        ["0x1p4", "0X.8P1"],
        ["0x1p-16445", "0"],
        ["0x1p-16446", "0"],
        ["0x1.8p-16446", "0"],
        ["0x1.fffffffffffffffep16383", "0"],
        ["0x1.ffffffffffffffffp16383", "0"],
        ["18446744073709551615", "1"],
        ["9223372036854775807", "1"],
        ["1.", ".5"],
        ["+1", "+1"],
        ["1e-4950", "1"],
        ["0e99999", "1"],
        ["", "1"],
        ["1", ""],
        ["x", "1"],
        ["1", "x"],
        [" 1", "1"],
        ["1", "1 "],
        ["1e", "1"],
        ["inf", "1"],
        ["1", "-inf"],
        ["nan", "1"],
        ["1", "nan"],
        ["1e5000", "1"],
        ["1", "1e-5000"],
        ["1", "Infinity"],
        ["1", "0x"],
        ["1", "1\0"],
        ["1", "1,5"],
      ].flatMap(([value, by]) => [
        ["SET", "k", value as string],
        ["INCRBYFLOAT", "k", by as string],
        ["GET", "k"],
        ["OBJECT", "ENCODING", "k"],
        ["INCRBYFLOAT", "k", "0.5"],
      ]),
      ["SET", "k", "1", "EXAT", far],
      ["INCRBYFLOAT", "k", "1"],
      ["EXPIRETIME", "k"],
      ["INCRBYFLOAT", "new", "-1.25"],
      ["INCRBYFLOAT", "k"],
    ]));
});

describe.skipIf(redis.missing)(`generated sums${redis.reason}`, () => {
  test(
    "of INCRBYFLOAT are those of redis-server, to the last digit",
    () => {
      const digits = fc.stringMatching(/^-?[0-9]{0,20}[.][0-9]{1,20}$/);
      const scaled = fc.tuple(fc.stringMatching(/^[0-9]{1,20}$/), fc.integer({ min: -4960, max: 4940 }));
      const number: fc.Arbitrary<Word> = fc.oneof(
        digits,
        floatWord,
        integerWord,
        scaled.map(([text, exponent]) => `${text}e${exponent}`),
      );
      return expectSameGenerated({
        commands: [commandOf("SET", "k", number), commandOf("INCRBYFLOAT", "k", number)],
        runs: 60,
        maxSteps: 60,
        protocols: [2],
      });
    },
    generatedTimeoutMs,
  );
});

describe.skipIf(redis.missing)(`LCS answers as redis-server does${redis.reason}`, () => {
  const pairs = [
    ["ohmytext", "mynewtext"],
    ["", ""],
    ["a", ""],
    ["abc", "abc"],
    ["abc", "def"],
    ["12345", "23456"],
    ["aaaa", "aa"],
    ["xaxbxc", "axbxcx"],
    ["abcdefgh", "hgfedcba"],
    ["ACGTTACGATCGATCGTAGCTA", "TCGATCGGGATCTAGCTACGA"],
  ];

  test("with each option", () =>
    expectSame([
      ...pairs.flatMap(([first, second]) => [
        ["MSET", "a", first as string, "b", second as string],
        ...[
          [],
          ["LEN"],
          ["IDX"],
          ["IDX", "WITHMATCHLEN"],
          ["IDX", "MINMATCHLEN", "2"],
          ["idx", "minmatchlen", "4", "withmatchlen"],
          ["IDX", "MINMATCHLEN", "-1"],
          ["LEN", "MINMATCHLEN", "2"],
          ["MINMATCHLEN", "3"],
          ["WITHMATCHLEN"],
        ].map((options) => ["LCS", "a", "b", ...options]),
      ]),
      ["LCS", "a", "none"],
      ["LCS", "none", "none", "IDX"],
      ["LCS", "a", "a", "LEN", "IDX"],
      ["LCS", "a", "a", "MINMATCHLEN"],
      ["LCS", "a", "a", "MINMATCHLEN", "x"],
      ["LCS", "a", "a", "x"],
      ["LCS", "a"],
      ["SETRANGE", "large", "20000", "x"],
      ["LCS", "large", "large"],
    ]));
});
