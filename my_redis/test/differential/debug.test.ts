import { describe, test } from "bun:test";
import fc from "fast-check";
import { requireService } from "../../../tools/test-services/index.ts";
import { sameShape } from "./harness/compare.ts";
import { expectSame, expectSameGenerated, type Step } from "./harness/index.ts";

const redis = requireService("redis");

const many = (count: number, word: (number: number) => string): string[] =>
  Array.from({ length: count }, (_, n) => word(n));

/** Keys of every type and encoding. */
const values: readonly Step[] = [
  ["SET", "text", "hello"],
  ["SET", "integer", "-9223372036854775808"],
  ["SET", "long", "x".repeat(3000)],
  ["SET", "bytes", "\u0000\r\n\u00ff"],
  ["RPUSH", "list", "a", "12", "", "a", "-7"],
  ["RPUSH", "long-list", ...many(3000, (n) => `element ${n}`)],
  ["SADD", "integers", "1", "-5", "70000", "9007199254740993"],
  ["SADD", "set", "a", "b", "17"],
  ["SADD", "large-set", ...many(1000, (n) => `member ${n}`)],
  ["ZADD", "sorted", "1", "a", "2.5", "b", "-inf", "c", "1e300", "d", "0.1", "17"],
  ["ZADD", "large-sorted", ...many(300, (n) => `${n / 7} member-${n}`).flatMap((pair) => pair.split(" "))],
  ["HSET", "hash", "f", "1", "g", "x", "17", "-3"],
  ["HSET", "large-hash", ...many(600, (n) => `field-${n}`)],
  ["XADD", "stream", "1-1", "f", "v", "g", "w"],
  ["XADD", "stream", "1-2", "f", "v2", "g", "w2"],
  ["XADD", "stream", "18446744073709551615-3", "other", ""],
  ["XDEL", "stream", "1-2"],
  ["SET", "expiring", "v", "EX", "1000"],
];
const keys = values.map((step) => (step as string[])[1] as string);

describe.skipIf(redis.missing)(`DEBUG${redis.reason}`, () => {
  test("DIGEST-VALUE of every type and encoding is redis-server's", () =>
    expectSame([...values, ["DEBUG", "DIGEST-VALUE", ...keys, "none", "text"], ["DEBUG", "DIGEST-VALUE"]]));

  test("DIGEST of several databases is redis-server's", () =>
    expectSame([
      ["DEBUG", "DIGEST"],
      ...values,
      ["DEBUG", "DIGEST"],
      ["SELECT", "5"],
      ["SET", "text", "hello"],
      ["DEBUG", "DIGEST"],
      ["PERSIST", "expiring"],
      ["FLUSHDB"],
      ["SELECT", "0"],
      ["PERSIST", "expiring"],
      ["DEBUG", "DIGEST"],
      ["DEBUG", "DIGEST", "x"],
    ]));

  test("DIGEST-VALUE sees an expired key until it is deleted", () =>
    expectSame([
      ["DEBUG", "SET-ACTIVE-EXPIRE", "0"],
      ["SET", "k", "v", "PX", "1"],
      { waitMs: 20 },
      ["DEBUG", "DIGEST-VALUE", "k"],
      { command: ["DEBUG", "OBJECT", "k"], compare: sameShape },
      ["GET", "k"],
      ["DEBUG", "DIGEST-VALUE", "k"],
      ["DEBUG", "SET-ACTIVE-EXPIRE", "1"],
    ]));

  test("DIGEST of generated data is redis-server's", () => {
    const word = fc.constantFrom("a", "b", "10", "", "long".repeat(20));
    const key = fc.constantFrom("k1", "k2", "k3");
    const commands = [
      fc.tuple(fc.constant("SET"), key, word),
      fc.tuple(fc.constant("RPUSH"), key, word, word),
      fc.tuple(fc.constant("SADD"), key, word, word),
      fc.tuple(fc.constant("HSET"), key, word, word),
      fc.tuple(fc.constant("ZADD"), key, fc.constantFrom("1", "0.3", "-1e-7"), word),
      fc.tuple(fc.constant("DEL"), key),
      fc.tuple(fc.constant("EXPIRE"), key, fc.constant("1000")),
      fc.constant(["DEBUG", "DIGEST"]),
      fc.constant(["DEBUG", "DIGEST"]),
    ];
    return expectSameGenerated({ commands });
  });

  test("HTSTATS, SDSLEN and a switch are answered or refused as by redis-server", () =>
    expectSame([
      ["DEBUG", "HTSTATS", "16"],
      ["DEBUG", "HTSTATS", "x"],
      { command: ["DEBUG", "HTSTATS", "0"], compare: sameShape },
      ["DEBUG", "HTSTATS-KEY", "none"],
      ["SET", "text", "hello"],
      ["SET", "integer", "7"],
      ["DEBUG", "HTSTATS-KEY", "text"],
      ["SADD", "set", ...many(1000, (n) => `member ${n}`)],
      { command: ["DEBUG", "HTSTATS-KEY", "set"], compare: sameShape },
      ["DEBUG", "SDSLEN", "none"],
      ["DEBUG", "SDSLEN", "set"],
      ["DEBUG", "SDSLEN", "integer"],
      { command: ["DEBUG", "SDSLEN", "text"], compare: sameShape },
      ["DEBUG", "QUICKLIST-PACKED-THRESHOLD", "100b"],
      ["DEBUG", "QUICKLIST-PACKED-THRESHOLD", "4095mb"],
      ["DEBUG", "QUICKLIST-PACKED-THRESHOLD", "4gb"],
      ["DEBUG", "QUICKLIST-PACKED-THRESHOLD", "x"],
      ["DEBUG", "QUICKLIST-PACKED-THRESHOLD", "0"],
      ["DEBUG", "CONFIG-REWRITE-FORCE-ALL", "x"],
      ["DEBUG", "AOF-FLUSH-SLEEP", "0"],
    ]));

  test("SET-DISABLE-DENY-SCRIPTS lets scripts call commands that are denied to them", () =>
    expectSame([
      ["EVAL", "return redis.pcall('CONFIG', 'GET', 'hz')", "0"],
      ["DEBUG", "SET-DISABLE-DENY-SCRIPTS", "1"],
      ["EVAL", "return redis.call('CONFIG', 'GET', 'hz')", "0"],
      ["DEBUG", "SET-DISABLE-DENY-SCRIPTS", "0"],
      ["EVAL", "return redis.pcall('CONFIG', 'GET', 'hz')", "0"],
    ]));
});
