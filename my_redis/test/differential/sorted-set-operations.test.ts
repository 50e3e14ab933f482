import { describe, test } from "bun:test";
import fc from "fast-check";
import { requireService } from "../../../tools/test-services/index.ts";
import { genericSteps } from "./arbitrary-commands.ts";
import { commandOf, integerWord, junkWord, keyWord, optionsOf, optionWith } from "./harness/arbitrary-words.ts";
import {
  expectSame,
  expectSameGenerated,
  expectSameLog,
  generatedTimeoutMs,
  type Step,
  type Word,
} from "./harness/index.ts";

const redis = requireService("redis");

const sources: readonly Step[] = [
  ["ZADD", "a", 1, "x", 2, "y", 3, "z", "inf", "i"],
  ["ZADD", "b", 10, "y", 20, "z", 30, "w", "-inf", "i"],
  ["ZADD", "c", "0.5", "z", 1, "v"],
  ["ZADD", "l", ...Array.from({ length: 300 }, (_, at) => [at % 17, `m${at}`]).flat(), 5, "y", 6, "z"],
  ["SADD", "integers", 1, 2, 3, 300],
  ["SADD", "names", "x", "y", "other"],
  ["SADD", "many", ...Array.from({ length: 300 }, (_, at) => `m${at * 2}`), "y"],
  ["ZADD", "digits", "1.5", 1, "2.5", 300, 1, "y"],
  ["SET", "s", "x"],
];
const options: readonly (readonly Word[])[] = [
  [],
  ["WEIGHTS", "2", "0.5"],
  ["WEIGHTS", "0", "0"],
  ["WEIGHTS", "-inf", "inf"],
  ["AGGREGATE", "MIN"],
  ["aggregate", "max", "weights", "1", "-1"],
  ["AGGREGATE", "SUM"],
  ["WEIGHTS", "1"],
  ["WEIGHTS", "1", "x"],
  ["WEIGHTS", "1", "nan"],
  ["AGGREGATE", "x"],
  ["AGGREGATE"],
  ["x"],
];

describe.skipIf(redis.missing)(`operations on sorted sets answer as redis-server does${redis.reason}`, () => {
  test.each(["ZUNION", "ZINTER", "ZDIFF"])("%s and its STORE", (name) =>
    expectSame([
      ...sources,
      ...options.flatMap((words): Step[] =>
        [
          ["a", "b"],
          ["b", "l"],
          ["none", "a"],
          ["a", "a"],
          ["names", "a"],
          ["a", "many"],
          ["integers", "digits"],
        ].flatMap((keys): Step[] => [
          [name, 2, ...keys, ...words],
          [name, 2, ...keys, ...words, "WITHSCORES"],
          [`${name}STORE`, "d", 2, ...keys, ...words],
        ]),
      ),
      [name, 3, "a", "b", "c", "WITHSCORES"],
      [name, 1, "l"],
      [`${name}STORE`, "big", 2, "l", "c"],
      [`${name}STORE`, "a", 2, "a", "b"],
      [`${name}STORE`, "s", 1, "none"],
      ["SET", "s", "x", "EX", 1000],
      [`${name}STORE`, "s", 1, "b"],
      ["SET", "s", "x"],
      [name, 0, "a"],
      [name, -1, "a"],
      [name, "x", "a"],
      [name, 3, "a", "b"],
      [name, 1, "s"],
      [name, 2, "none", "s"],
      [name, 1],
      [`${name}STORE`, "d", 0, "a"],
      [`${name}STORE`, "d", 1, "a", "WITHSCORES"],
      [`${name}STORE`, "d", 1, "s"],
      [`${name}STORE`, "d", 1],
    ]),
  );

  test("ZINTERCARD counts, up to a limit", () =>
    expectSame([
      ...sources,
      ["ZINTERCARD", 2, "a", "b"],
      ["ZINTERCARD", 2, "a", "l"],
      ["ZINTERCARD", 1, "l", "LIMIT", 7],
      ["ZINTERCARD", 1, "l", "LIMIT", 0],
      ["ZINTERCARD", 2, "a", "none"],
      ["ZINTERCARD", 2, "a", "b", "LIMIT", 1],
      ["ZINTERCARD", 2, "a", "b", "LIMIT", -1],
      ["ZINTERCARD", 2, "a", "b", "LIMIT", "x"],
      ["ZINTERCARD", 2, "a", "b", "LIMIT"],
      ["ZINTERCARD", 2, "a", "b", "WITHSCORES"],
      ["ZINTERCARD", 2, "a", "b", "WEIGHTS", 1, 2],
      ["ZINTERCARD", 0, "a"],
      ["ZINTERCARD", 1, "s"],
      ["ZINTERCARD", 1],
    ]));

  test("a client waits for a sorted set, and the longest waiting is served first", () =>
    expectSame([
      { on: 1, command: ["BZPOPMIN", "a", "b", 0], blocks: true },
      { on: 2, command: ["BZPOPMAX", "b", "a", 0], blocks: true },
      { on: 3, command: ["BZMPOP", 0, 2, "b", "a", "MAX", "COUNT", 2], blocks: true },
      ["ZADD", "b", 1, "one", 2, "two", 3, "three", 4, "four", 5, "five"],
      { awaitReply: 1 },
      { awaitReply: 2 },
      { awaitReply: 3 },
      ["ZRANGE", "b", 0, -1],
      { on: 1, command: ["BZPOPMIN", "none", "b", 0] },
      { on: 1, command: ["BZPOPMAX", "b", "none", 0], blocks: true },
      ["RPUSH", "b", "no sorted set"],
      ["DEL", "b"],
      ["MULTI"],
      ["ZADD", "b", 1, "gone"],
      ["DEL", "b"],
      ["EXEC"],
      ["MULTI"],
      ["ZADD", "b", 1, "one"],
      ["ZADD", "b", 2, "two"],
      ["EXEC"],
      { awaitReply: 1 },
      ["ZRANGE", "b", 0, -1],
      { on: 1, command: ["BZMPOP", 0, 1, "c", "MIN"], blocks: true },
      ["ZUNIONSTORE", "c", 1, "b"],
      { awaitReply: 1 },
      { on: 1, command: ["BZPOPMIN", "c", 0], blocks: true },
      ["ZADD", "d", 1, "one"],
      ["RENAME", "d", "c"],
      { awaitReply: 1 },
      { on: 1, command: ["BZPOPMIN", "c", 0], blocks: true },
      ["ZINCRBY", "c", 5, "five"],
      { awaitReply: 1 },
    ]));

  test("a wait ends at its timeout, and no command waits in a transaction", () =>
    expectSame([
      ["SET", "s", "x"],
      { on: 1, command: ["BZPOPMIN", "none", "0.01"] },
      { on: 1, command: ["BZPOPMAX", "none", "0.01"] },
      { on: 1, command: ["BZMPOP", "0.01", 1, "none", "MIN"] },
      ["BZPOPMIN", "none", "s", 0],
      ["BZPOPMIN", "none", "x"],
      ["BZPOPMIN", "none", -1],
      ["BZPOPMIN", "none"],
      ["MULTI"],
      ["BZPOPMIN", "none", 0],
      ["BZPOPMAX", "none", 0],
      ["BZMPOP", 0, 1, "none", "MIN"],
      ["EXEC"],
    ]));

  test("the log states the actual effects", () =>
    expectSameLog([
      ["ZADD", "z", "1", "a", "2", "b", "3", "c", "4", "d", "5", "e", "6", "f", "7", "g"],
      ["ZADD", "z", "NX", "1", "a"],
      ["ZADD", "z", "XX", "CH", "9", "a"],
      ["ZINCRBY", "z", "1.5", "a"],
      ["ZADD", "z", "INCR", "1", "a"],
      ["ZREM", "z", "none"],
      ["ZPOPMIN", "z"],
      ["ZMPOP", "2", "none", "z", "MAX", "COUNT", "2"],
      ["BZPOPMIN", "none", "z", "0"],
      ["BZPOPMAX", "z", "0"],
      ["BZMPOP", "0", "1", "z", "MIN", "COUNT", "10"],
      ["ZPOPMAX", "z"],
      ["ZADD", "z", "1", "a", "2", "b"],
      ["ZUNIONSTORE", "d", "1", "z"],
      ["ZINTERSTORE", "d", "2", "z", "none"],
      ["ZINTERSTORE", "d", "2", "z", "none"],
      ["ZRANGESTORE", "d", "z", "0", "0"],
      ["ZREMRANGEBYRANK", "z", "0", "0"],
      ["ZREMRANGEBYSCORE", "z", "5", "6"],
      ["ZREMRANGEBYSCORE", "z", "-inf", "inf"],
    ]));

  test("a score of minus zero keeps its sign, or loses it, in the same commands", () => {
    const steps = (key: string): Step[] => [
      ["ZADD", key, "-0", "a", "0", "b", "1", "c"],
      ["ZRANGE", key, 0, -1, "WITHSCORES"],
      ["ZADD", key, "CH", "0", "a"],
      ["ZINCRBY", key, "-0", "d"],
      ["ZADD", key, "INCR", "-0", "d"],
      ["ZMSCORE", key, "a", "b", "d"],
      ["ZRANGE", key, "-0", "0", "BYSCORE", "WITHSCORES"],
      ["ZUNIONSTORE", "u", 1, key, "WEIGHTS", "-1"],
      ["ZRANGE", "u", 0, -1, "WITHSCORES"],
      ["ZRANGESTORE", "r", key, 0, -1],
      ["ZRANGE", "r", 0, -1, "WITHSCORES"],
      ["COPY", key, "copy", "REPLACE"],
      ["ZRANGE", "copy", 0, -1, "WITHSCORES"],
      ["ZPOPMIN", key, 2],
    ];
    return expectSame([
      ...steps("packed"),
      ["CONFIG", "SET", "zset-max-listpack-entries", 0],
      ...steps("large"),
      ["CONFIG", "SET", "zset-max-listpack-entries", 128],
    ]);
  });
});

const member = fc.constantFrom<Word>("a", "b", "c", "d", "e", "f", "10", "9", "", "x".repeat(70));
// Scores with few binary digits, so that every sum of them is exact in any order.
const score = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -40, max: 40 }).map((quarters) => String(quarters / 4)) },
  { weight: 1, arbitrary: fc.constantFrom<Word>("inf", "-inf", "1e20", "9007199254740993", "-0.5") },
);
const pairs = fc.array(fc.tuple(score, member), { minLength: 1, maxLength: 5 }).map((list) => list.flat());
const scoreLimit = fc.oneof(
  score,
  score.map((one) => `(${String(one)}`),
  fc.constantFrom<Word>("-inf", "+inf"),
);
const limit = fc.tuple(integerWord, integerWord).map(([offset, count]): readonly Word[] => ["LIMIT", offset, count]);
const withScores = optionsOf(1, "WITHSCORES");
const twoKeys = fc.tuple(keyWord, keyWord).map(([one, other]): readonly Word[] => [2, one, other]);
const operationOptions = optionsOf(
  2,
  fc.tuple(score, score).map(([one, other]): readonly Word[] => ["WEIGHTS", one, other]),
  optionWith("AGGREGATE", fc.constantFrom<Word>("SUM", "MIN", "MAX")),
);

/** Commands on sorted sets, valid and invalid ones. */
const sortedSetSteps: readonly fc.Arbitrary<Step>[] = [
  commandOf("ZADD", keyWord, pairs),
  commandOf("ZADD", keyWord, optionsOf(2, "NX", "XX", "GT", "LT", "CH", "INCR"), pairs),
  keyWord.map((key): Step => ["ZADD", key, ...Array.from({ length: 150 }, (_, at) => [at % 40, `m${at}`]).flat()]),
  commandOf("ZINCRBY", keyWord, fc.oneof(score, junkWord), member),
  commandOf(fc.constantFrom<Word>("ZSCORE", "ZRANK", "ZREVRANK", "ZMSCORE", "ZREM"), keyWord, member),
  commandOf("ZCARD", keyWord),
  commandOf(fc.constantFrom<Word>("ZRANGE", "ZREVRANGE"), keyWord, integerWord, integerWord, withScores),
  commandOf("ZRANGE", keyWord, integerWord, integerWord, optionsOf(3, "REV", "WITHSCORES", limit)),
  commandOf("ZRANGE", keyWord, scoreLimit, scoreLimit, "BYSCORE", optionsOf(3, "REV", "WITHSCORES", limit)),
  commandOf(
    fc.constantFrom<Word>("ZRANGEBYSCORE", "ZREVRANGEBYSCORE"),
    keyWord,
    scoreLimit,
    scoreLimit,
    optionsOf(2, "WITHSCORES", limit),
  ),
  commandOf(fc.constantFrom<Word>("ZCOUNT", "ZREMRANGEBYSCORE"), keyWord, scoreLimit, scoreLimit),
  commandOf("ZREMRANGEBYRANK", keyWord, integerWord, integerWord),
  commandOf(fc.constantFrom<Word>("ZPOPMIN", "ZPOPMAX"), keyWord, fc.integer({ min: 0, max: 60 })),
  commandOf("ZMPOP", twoKeys, fc.constantFrom<Word>("MIN", "MAX"), "COUNT", fc.integer({ min: 1, max: 5 })),
  commandOf("ZRANGESTORE", keyWord, keyWord, scoreLimit, scoreLimit, "BYSCORE", optionsOf(1, "REV", limit)),
  commandOf("ZRANGESTORE", keyWord, keyWord, integerWord, integerWord, optionsOf(1, "REV")),
  commandOf(fc.constantFrom<Word>("ZUNION", "ZINTER"), twoKeys, operationOptions, withScores),
  commandOf("ZDIFF", twoKeys, withScores),
  commandOf(fc.constantFrom<Word>("ZUNIONSTORE", "ZINTERSTORE"), keyWord, twoKeys, operationOptions),
  commandOf("ZDIFFSTORE", keyWord, twoKeys),
  commandOf("SADD", keyWord, member, member),
  commandOf("ZINTERCARD", twoKeys, optionsOf(1, optionWith("LIMIT", integerWord))),
];
const lexLimit = fc.oneof(
  fc
    .tuple(fc.constantFrom("[", "("), fc.constantFrom("", "a", "b", "bb", "m1", "m5", "z"))
    .map(([sign, name]) => sign + name),
  fc.constantFrom<Word>("-", "+", "x"),
);
const name = fc.constantFrom<Word>("", "a", "b", "ab", "abc", "m", "m1", "z", "zz");
const lexSteps: readonly fc.Arbitrary<Step>[] = [
  commandOf("ZADD", keyWord, 0, name, 0, name, 0, name),
  keyWord.map((key): Step => ["ZADD", key, ...Array.from({ length: 150 }, (_, at) => [0, `m${at}`]).flat()]),
  commandOf("ZREM", keyWord, name),
  commandOf(fc.constantFrom<Word>("ZRANGEBYLEX", "ZREVRANGEBYLEX"), keyWord, lexLimit, lexLimit, optionsOf(1, limit)),
  commandOf("ZRANGE", keyWord, lexLimit, lexLimit, "BYLEX", optionsOf(2, "REV", limit)),
  commandOf(fc.constantFrom<Word>("ZLEXCOUNT", "ZREMRANGEBYLEX"), keyWord, lexLimit, lexLimit),
];

describe.skipIf(redis.missing)(`generated sequences on sorted sets${redis.reason}`, () => {
  test(
    "by score, mixed with commands on keys",
    () => expectSameGenerated({ commands: [...sortedSetSteps, ...sortedSetSteps, ...genericSteps] }),
    generatedTimeoutMs,
  );
  test("by name", () => expectSameGenerated({ commands: lexSteps }), generatedTimeoutMs);
});
