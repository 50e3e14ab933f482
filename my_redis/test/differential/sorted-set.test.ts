import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { expectSame, sameElements, sameShape, type Step } from "./harness/index.ts";

const redis = requireService("redis");

/** A key with the members a to e, scores 1 to 5. */
const five: Step = ["ZADD", "z", 1, "a", 2, "b", 3, "c", 4, "d", 5, "e"];
/** A key with 300 members, too many to be packed. */
const large: Step = ["ZADD", "l", ...Array.from({ length: 300 }, (_, at) => [(at * 7919) % 211, `m${at}`]).flat()];
const equalScores: Step = [
  "ZADD",
  "n",
  ...["a", "b", "ba", "c", "d", "", "aa", "10", "9"].flatMap((name) => [0, name]),
];
const wrongType: Step = ["SET", "s", "x"];

describe.skipIf(redis.missing)(`sorted sets answer as redis-server does${redis.reason}`, () => {
  test("ZADD with each option", () =>
    expectSame([
      five,
      ["ZADD", "z", 9, "a", 6, "f"],
      ["ZADD", "z", "NX", 1, "a", 7, "g"],
      ["ZADD", "z", "xx", 1, "a", 7, "none"],
      ["ZADD", "z", "XX", "CH", 2, "a", 7, "none"],
      ["ZADD", "z", "ch", 3, "a", 8, "h"],
      ["ZADD", "z", "GT", "CH", 2, "a", 9, "b", 1, "new"],
      ["ZADD", "z", "LT", "CH", 9, "a", 1, "b", 1, "newer"],
      ["ZADD", "z", "INCR", 5, "a"],
      ["ZADD", "z", "INCR", "NX", 5, "a"],
      ["ZADD", "z", "INCR", "XX", 5, "none"],
      ["ZADD", "z", "INCR", "GT", -5, "a"],
      ["ZADD", "z", "INCR", "LT", -5, "a"],
      ["ZADD", "z", "INCR", "GT", 0, "a"],
      ["ZADD", "none", "XX", 1, "a"],
      ["ZADD", "none", "XX", "INCR", 1, "a"],
      ["ZADD", "z", 1, "twice", 2, "twice"],
      ["ZADD", "z", 0, "", 0, "a\0b"],
      ["ZRANGE", "z", 0, -1, "WITHSCORES"],
    ]));

  test("ZADD refuses invalid and contradictory arguments", () =>
    expectSame([
      wrongType,
      ["ZADD", "s", 1, "a"],
      ["ZADD", "s", "x", "a"],
      ["ZADD", "z", 1],
      ["ZADD", "z", 1, "a", 2],
      ["ZADD", "z", "NX", "CH"],
      ["ZADD", "z", "NX", "XX", 1, "a"],
      ["ZADD", "z", "GT", "LT", 1, "a"],
      ["ZADD", "z", "GT", "NX", 1, "a"],
      ["ZADD", "z", "LT", "NX", 1, "a"],
      ["ZADD", "z", "INCR", 1, "a", 2, "b"],
      ["ZADD", "z", 1, "a", "x", "b"],
      ["ZADD", "z", "x", "a", 1, "b"],
      ["ZADD", "z", "inf", "a"],
      ["ZADD", "z", "INCR", "-inf", "a"],
      ["ZINCRBY", "z", "-inf", "a"],
      ["ZINCRBY", "z", "x", "a"],
      ["ZINCRBY", "s", 1, "a"],
      ["ZINCRBY", "z", 1],
      ["EXISTS", "z"],
    ]));

  test("scores are read and printed alike", () =>
    expectSame([
      ...[
        "3",
        "3.1",
        "-0",
        "0.1",
        "1e20",
        "1e16",
        "1e17",
        "9007199254740993",
        "12345678901234567890",
        "1e-5",
        "1e-7",
        "123456.789",
        "inf",
        "+inf",
        "-inf",
        "Infinity",
        "-INFINITY",
        "nan",
        "-nan",
        "0x10",
        "0x1.8p3",
        "0x",
        "0x1p-1080",
        "0x1.fffffffffffff8p0",
        "0x1.fffffffffffff7p0",
        "-0x.8",
        "1.",
        ".5",
        ".",
        "",
        " 1",
        "1 ",
        "+5",
        "1e",
        "1e400",
        "-1e400",
        "1e-400",
        "0e-400",
        "5e-324",
        "2e-324",
        "1.7976931348623157e308",
        "1_0",
        "1,5",
        "１",
        "4503599627370496",
        "4503599627370497",
        "9007199254740992",
        "18446744073709551616",
        "1e21",
        "1.5e300",
        "-2.5e-300",
        "0.000001",
        "100000000",
      ].flatMap((score): Step[] => [
        ["ZADD", "z", score, "m"],
        ["ZSCORE", "z", "m"],
        ["ZADD", "big", score, "x".repeat(100)],
        ["ZSCORE", "big", "x".repeat(100)],
      ]),
      ["ZADD", "sum", "0.1", "m"],
      ["ZINCRBY", "sum", "0.2", "m"],
      ["ZINCRBY", "sum", "1e300", "m"],
      ["ZINCRBY", "fresh", "-3.5", "m"],
    ]));

  test("ZSCORE, ZMSCORE, ZCARD and the ranks", () =>
    expectSame([
      wrongType,
      ...[five, large].flatMap((made, at): Step[] => {
        const [key, member] = at === 0 ? ["z", "c"] : ["l", "m77"];
        return [
          made,
          ["ZCARD", key],
          ["ZSCORE", key, member],
          ["ZSCORE", key, "none"],
          ["ZMSCORE", key, member, "none", member],
          ["ZRANK", key, member],
          ["ZREVRANK", key, member],
          ["ZRANK", key, "none"],
        ];
      }),
      ...["ZCARD", "ZSCORE", "ZMSCORE", "ZRANK", "ZREVRANK"].flatMap((name): Step[] => {
        const rest = name === "ZCARD" ? [] : ["a"];
        return [[name, "none", ...rest], [name, "s", ...rest], [name], [name, "z", ...rest, "x", "y", "z"]];
      }),
    ]));

  const scoreRanges: readonly (readonly [string, string])[] = [
    ["-inf", "+inf"],
    ["2", "4"],
    ["(2", "4"],
    ["2", "(4"],
    ["(2", "(4"],
    ["4", "2"],
    ["(3", "3"],
    ["3", "3"],
    ["", ""],
    ["(", "5"],
    [" 1", "3"],
    ["1 ", "3"],
    ["x", "3"],
    ["1", "nan"],
    ["((1", "3"],
    ["0x2", "0x3"],
    ["1e-400", "1e400"],
    ["inf", "-inf"],
    ["-infinity", "(infinity"],
    ["2.5", "1e1"],
  ];

  test("ranges by score", () =>
    expectSame([
      five,
      large,
      wrongType,
      ...scoreRanges.flatMap(([min, max]): Step[] =>
        ["z", "l", "none"].flatMap((key): Step[] => [
          ["ZCOUNT", key, min, max],
          ["ZRANGEBYSCORE", key, min, max],
          ["ZRANGEBYSCORE", key, min, max, "WITHSCORES", "LIMIT", 1, 2],
          ["ZREVRANGEBYSCORE", key, max, min, "withscores"],
          ["ZREVRANGEBYSCORE", key, max, min, "LIMIT", 1, -1],
          ["ZRANGE", key, min, max, "BYSCORE"],
          ["ZRANGE", key, max, min, "BYSCORE", "REV", "LIMIT", 0, 3, "WITHSCORES"],
        ]),
      ),
      ...[
        [0, 0],
        [-1, 2],
        [2, -5],
        [100, 1],
        ["x", 1],
        [1, "x"],
      ].flatMap(([offset, limit]): Step[] => [
        ["ZRANGEBYSCORE", "z", "-inf", "inf", "LIMIT", offset as string, limit as string],
        ["ZREVRANGEBYSCORE", "l", "inf", "-inf", "LIMIT", offset as string, limit as string],
      ]),
      ["ZRANGEBYSCORE", "z", 1, 2, "LIMIT", 1],
      ["ZRANGEBYSCORE", "z", 1, 2, "REV"],
      ["ZRANGEBYSCORE", "z", 1, 2, "x"],
      ["ZRANGEBYSCORE", "z", 1],
      ["ZRANGEBYSCORE", "s", 1, 2],
      ["ZCOUNT", "s", 1, 2],
      ["ZCOUNT", "z", 1],
    ]));

  test("ranges by rank", () =>
    expectSame([
      five,
      large,
      wrongType,
      ...[
        [0, -1],
        [1, 3],
        [-2, -1],
        [3, 1],
        [0, 100],
        [-100, 1],
        [5, 9],
        [-1, 0],
        [100, 299],
        [63, 65],
        ["x", 1],
        [1, "1.5"],
      ].flatMap(([first, last]): Step[] =>
        ["z", "l", "none"].flatMap((key): Step[] => [
          ["ZRANGE", key, first as string, last as string],
          ["ZRANGE", key, first as string, last as string, "WITHSCORES"],
          ["ZRANGE", key, first as string, last as string, "REV", "WITHSCORES"],
          ["ZREVRANGE", key, first as string, last as string, "WITHSCORES"],
        ]),
      ),
      ["ZRANGE", "z", 0, 1, "LIMIT", 0, 1],
      ["ZRANGE", "z", 0, 1, "LIMIT", 0, -1],
      ["ZRANGE", "z", 0, 1, "BYLEX", "WITHSCORES"],
      ["ZRANGE", "z", 0, 1, "BYLEX"],
      ["ZRANGE", "z", 0, 1, "BYSCORE", "BYLEX"],
      ["ZRANGE", "z", 0, 1, "x"],
      ["ZREVRANGE", "z", 0, 1, "REV"],
      ["ZREVRANGE", "z", 0, 1, "BYSCORE"],
      ["ZRANGE", "s", 0, 1],
      ["ZRANGE", "z", 0],
    ]));

  const nameRanges: readonly (readonly [string, string])[] = [
    ["-", "+"],
    ["[a", "[c"],
    ["(a", "[c"],
    ["[a", "(c"],
    ["(a", "(c"],
    ["[c", "[a"],
    ["+", "-"],
    ["[", "[b"],
    ["(", "+"],
    ["-", "[aa"],
    ["[1", "(a"],
    ["a", "b"],
    ["", "+"],
    ["-", "x"],
    ["-x", "+"],
    ["[b", "[b"],
    ["(b", "[b"],
    ["+", "+"],
    ["-", "-"],
  ];

  test("ranges by name", () =>
    expectSame([
      equalScores,
      ["ZADD", "l", ...Array.from({ length: 300 }, (_, at) => [0, `m${(at * 31) % 300}`]).flat()],
      wrongType,
      ...nameRanges.flatMap(([min, max]): Step[] =>
        ["n", "l", "none"].flatMap((key): Step[] => [
          ["ZLEXCOUNT", key, min, max],
          ["ZRANGEBYLEX", key, min, max],
          ["ZRANGEBYLEX", key, min, max, "LIMIT", 1, 2],
          ["ZREVRANGEBYLEX", key, max, min],
          ["ZREVRANGEBYLEX", key, max, min, "LIMIT", 2, -1],
          ["ZRANGE", key, min, max, "BYLEX"],
          ["ZRANGE", key, max, min, "BYLEX", "REV"],
        ]),
      ),
      ["ZRANGEBYLEX", "l", "[m10", "(m2"],
      ["ZREVRANGEBYLEX", "l", "[m2", "(m10", "LIMIT", 3, 5],
      ["ZRANGEBYLEX", "n", "-", "+", "WITHSCORES"],
      ["ZRANGEBYLEX", "s", "-", "+"],
      ["ZLEXCOUNT", "s", "-", "+"],
    ]));

  test("ZRANGESTORE stores a range", () =>
    expectSame([
      five,
      large,
      wrongType,
      ["ZRANGESTORE", "d", "z", 1, 2],
      ["ZRANGESTORE", "d2", "z", "(1", "(4", "BYSCORE", "LIMIT", 1, 5],
      ["ZRANGESTORE", "d3", "l", 0, -1, "REV"],
      ["ZRANGESTORE", "d4", "l", 3, 9, "REV"],
      ["ZRANGESTORE", "d5", "l", "-", "+", "BYLEX", "LIMIT", 0, 3],
      ["ZRANGESTORE", "z", "z", 0, 2],
      ["SET", "gone", "x"],
      ["ZRANGESTORE", "gone", "none", 0, -1],
      ["ZRANGESTORE", "d", "z", 9, 10],
      ["SET", "over", "x", "EX", 1000],
      ["ZRANGESTORE", "over", "z", 0, 0],
      ["ZRANGESTORE", "d", "z", 0, 1, "WITHSCORES"],
      ["ZRANGESTORE", "d", "z", 0, 1, "LIMIT", 1, 1],
      ["ZRANGESTORE", "d", "s", 0, 1],
      ["ZRANGESTORE", "d", "z", "x", 1],
      ["ZRANGESTORE", "d", "z", 1],
    ]));

  test("ZREM and the removal of ranges", () =>
    expectSame([
      wrongType,
      ...[five, large].flatMap((made, at): Step[] => {
        const key = at === 0 ? "z" : "l";
        return [
          made,
          ["ZREM", key, "a", "m5", "none", "a"],
          made,
          ["ZREMRANGEBYRANK", key, 1, 2],
          ["ZREMRANGEBYRANK", key, -2, -1],
          ["ZREMRANGEBYRANK", key, 5, 2],
          ["ZREMRANGEBYSCORE", key, "(1", 3],
          ["ZREMRANGEBYSCORE", key, 900, 1000],
          ["ZRANGE", key, 0, -1, "WITHSCORES"],
          ["ZREMRANGEBYSCORE", key, "-inf", "inf"],
          ["EXISTS", key],
        ];
      }),
      equalScores,
      ["ZREMRANGEBYLEX", "n", "[a", "(b"],
      ["ZREMRANGEBYLEX", "n", "-", "+"],
      ["EXISTS", "n"],
      ...["ZREMRANGEBYRANK", "ZREMRANGEBYSCORE", "ZREMRANGEBYLEX"].flatMap((name): Step[] => [
        [name, "none", 1, 2],
        [name, "none", "[1", "[2"],
        [name, "s", 1, 2],
        [name, "s", "-", "+"],
        [name, "none", "x", "y"],
        [name, "none", 1],
      ]),
      ["ZREM", "none", "a"],
      ["ZREM", "s", "a"],
      ["ZREM", "z"],
    ]));

  test("ZPOPMIN and ZPOPMAX", () =>
    expectSame([
      wrongType,
      ...["ZPOPMIN", "ZPOPMAX"].flatMap((name): Step[] => [
        five,
        [name, "z"],
        [name, "z", 2],
        [name, "z", 0],
        [name, "z", 100],
        [name, "z"],
        [name, "z", 1],
        large,
        [name, "l", 130],
        [name, "l"],
        [name, "l", 1000],
        ["EXISTS", "l"],
        [name, "s"],
        [name, "s", 0],
        [name, "z", -1],
        [name, "z", "x"],
        [name, "z", 1, 2],
        [name],
      ]),
    ]));

  test("ZMPOP", () =>
    expectSame([
      wrongType,
      five,
      ["ZMPOP", 2, "none", "z", "MIN"],
      ["ZMPOP", 1, "z", "max", "COUNT", 2],
      ["ZMPOP", 1, "z", "MIN", "count", 100],
      ["ZMPOP", 1, "z", "MIN"],
      ["ZMPOP", 1, "s", "MIN"],
      ["ZMPOP", 2, "none", "s", "MIN"],
      five,
      ["ZMPOP", 2, "z", "s", "MIN"],
      ["ZMPOP", 0, "z", "MIN"],
      ["ZMPOP", -1, "z", "MIN"],
      ["ZMPOP", "x", "z", "MIN"],
      ["ZMPOP", 1, "z", "x"],
      ["ZMPOP", 2, "z", "MIN"],
      ["ZMPOP", 5, "z", "MIN"],
      ["ZMPOP", 1, "z", "MIN", "COUNT"],
      ["ZMPOP", 1, "z", "MIN", "COUNT", 0],
      ["ZMPOP", 1, "z", "MIN", "COUNT", "x"],
      ["ZMPOP", 1, "z", "MIN", "COUNT", 1, "COUNT", 1],
      ["ZMPOP", 1, "z", "MIN", "x"],
      ["ZMPOP", 1, "z"],
      ["BZMPOP", 0, 1, "z", "MAX"],
      ["BZMPOP", 0, 2, "none", "z", "MIN", "COUNT", 2],
      ["BZMPOP", "x", 1, "z", "MIN"],
      ["BZMPOP", -1, 1, "z", "MIN"],
      ["BZMPOP", 0, 1, "s", "MIN"],
      ["BZMPOP", "x", 0, "z", "MIN"],
    ]));

  test("ZRANDMEMBER returns members", () =>
    expectSame([
      wrongType,
      five,
      large,
      { command: ["ZRANDMEMBER", "z"], compare: sameShape },
      { command: ["ZRANDMEMBER", "z", 3], compare: sameShape },
      { command: ["ZRANDMEMBER", "z", 3, "WITHSCORES"], compare: sameShape },
      { command: ["ZRANDMEMBER", "z", -30, "WITHSCORES"], compare: sameShape },
      { command: ["ZRANDMEMBER", "l", 200], compare: sameShape },
      { command: ["ZRANDMEMBER", "l", 10, "withscores"], compare: sameShape },
      { command: ["ZRANDMEMBER", "l", -500], compare: sameShape },
      { command: ["ZRANDMEMBER", "z", 5], compare: sameElements },
      { command: ["ZRANDMEMBER", "l", 1000], compare: sameElements },
      ["ZRANDMEMBER", "z", 0],
      ["ZRANDMEMBER", "none"],
      ["ZRANDMEMBER", "none", 1],
      ["ZRANDMEMBER", "s"],
      ["ZRANDMEMBER", "s", 0],
      ["ZRANDMEMBER", "z", "x"],
      ["ZRANDMEMBER", "z", 1, "x"],
      ["ZRANDMEMBER", "z", 1, "WITHSCORES", "x"],
      ["ZRANDMEMBER", "z", "-9223372036854775808"],
      ["ZRANDMEMBER", "z", "-9223372036854775807", "WITHSCORES"],
    ]));

  test("ZSCAN visits every member", () =>
    expectSame([
      ["ZADD", "z", "1.5", "a", -2, "b", "inf", "c"],
      large,
      ["ZADD", "l", "1.25", "fraction", "-inf", "least"],
      wrongType,
      { scan: ["ZSCAN", "z"] },
      { scan: ["ZSCAN", "l"] },
      { scan: ["ZSCAN", "l", "COUNT", 5] },
      { scan: ["ZSCAN", "l", "MATCH", "m1*", "COUNT", 100] },
      ["ZSCAN", "none", 0],
      ["ZSCAN", "s", 0],
      ["ZSCAN", "z", "x"],
      ["ZSCAN", "z", 0, "COUNT", 0],
      ["ZSCAN", "z", 0, "MATCH"],
      ["ZSCAN", "z", 0, "x", "y"],
    ]));

  test("small sets are packed up to the limits that CONFIG sets", () =>
    expectSame([
      ...[
        ["128", "64"],
        ["3", "5"],
        ["0", "5"],
        ["128", "64"],
      ].flatMap(([entries, bytes]): Step[] => [
        ["CONFIG", "SET", "zset-max-listpack-entries", entries as string, "zset-max-listpack-value", bytes as string],
        ["DEL", "z", "y", "x", "w"],
        ["ZADD", "z", 1, "a", 2, "b", 3, "c"],
        ["OBJECT", "ENCODING", "z"],
        ["ZADD", "z", 4, "d"],
        ["OBJECT", "ENCODING", "z"],
        ["ZREM", "z", "a", "b"],
        ["OBJECT", "ENCODING", "z"],
        ["ZADD", "y", 1, "sixsix"],
        ["OBJECT", "ENCODING", "y"],
        ["ZUNIONSTORE", "x", 2, "z", "y"],
        ["OBJECT", "ENCODING", "x"],
        ["ZRANGESTORE", "w", "x", 0, 1],
        ["OBJECT", "ENCODING", "w"],
      ]),
      ["COPY", "x", "copy"],
      large,
      ["COPY", "l", "copy2"],
      ["ZADD", "copy2", 1, "own"],
      ["ZCARD", "l"],
    ]));
});
