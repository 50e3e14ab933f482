import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../tools/property-seed.ts";
import { requireService } from "../../../tools/test-services/index.ts";
import { datasetDifference, emptyBoth } from "./harness/dataset.ts";
import { floatWord, integerWord, valueWord } from "./harness/arbitrary-words.ts";
import { expectSame, expectSameLog, type Step, within, type Word } from "./harness/index.ts";
import { encodeReply, type Reply } from "./harness/reply.ts";
import { oldPayloads } from "./old-payloads.ts";
import { type ServerPair, serverPair, type Side } from "./harness/servers.ts";

const redis = requireService("redis");
const far = 4_102_444_800_000;

/** The reply to DUMP of redis-server 7.0 for the string "v", as an argument. */
const payloadOfV = Buffer.from("0001760a009108ceb219388ace", "hex");

const others: Readonly<Record<Side, Side>> = { MyRedis: "redis-server", "redis-server": "MyRedis" };

async function dumpOf(pair: ServerPair, side: Side, key: Word): Promise<Buffer> {
  const { text } = await pair.control[side].reply("DUMP", key);
  if (typeof text !== "string") throw new Error(`${side} gave no dump of ${String(key)}`);
  return Buffer.from(text, "latin1");
}

/**
 * Creates a value on both servers by the same commands, moves it from each server to the other and back to itself, and
 * compares the results.
 */
async function expectMoves(commands: readonly (readonly Word[])[]): Promise<void> {
  const pair = await serverPair();
  await emptyBoth(pair);
  for (const side of ["MyRedis", "redis-server"] as const) await pair.control[side].replies(commands);
  const keys = (await pair.control["redis-server"].reply("KEYS", "*")).items ?? [];
  for (const { text } of keys) {
    const key = Buffer.from(text ?? "", "latin1");
    for (const side of ["MyRedis", "redis-server"] as const) {
      const payload = await dumpOf(pair, side, key);
      for (const [target, name] of [
        [others[side], "copy"],
        [side, "own"],
      ] as const) {
        const copy = Buffer.concat([Buffer.from(`${name} of `), key]);
        const reply = await pair.control[target].reply("RESTORE", copy, "0", payload);
        expect([side, target, key.toString(), reply.text]).toEqual([side, target, key.toString(), "OK"]);
      }
    }
  }
  expect(await datasetDifference(pair)).toBeUndefined();
  for (const { text } of keys) await compareStreams(pair, text ?? "");
}

/** Groups, consumers and pending entries of a stream, which XRANGE does not show. */
async function compareStreams(pair: ServerPair, key: string): Promise<void> {
  for (const name of [key, `copy of ${key}`, `own of ${key}`]) {
    const ask = ["XINFO", "STREAM", Buffer.from(name, "latin1"), "FULL", "COUNT", 0];
    const [ours, theirs] = await Promise.all([
      pair.control.MyRedis.reply(...ask),
      pair.control["redis-server"].reply(...ask),
    ]);
    expect(withoutTimes(ours)).toEqual(withoutTimes(theirs));
  }
}

/** The reply without the parts that depend on the clock or that Redis 7.0 lacks. */
function withoutTimes(reply: Reply): string {
  const text = encodeReply(reply);
  return text
    .replaceAll(/\$11\r\nactive-time\r\n:-?\d+\r\n/g, "")
    .replaceAll(/:1[67]\d{11}\r\n/g, ":time\r\n")
    .replaceAll(/\*(8|10)\r\n(?=\$4\r\nname)/g, "*consumer\r\n")
    .replaceAll(/\$(15|16)\r\nradix-tree-(keys|nodes)\r\n:\d+\r\n/g, "");
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

describe.skipIf(redis.missing)(`DUMP and RESTORE move values to redis-server and back${redis.reason}`, () => {
  test("strings: integers, bytes, long ones that can be compressed, and long ones that cannot", () =>
    expectMoves(
      [
        ...["", "0", "-1", "127", "-128", "128", "32767", "-32769", "2147483647", "-2147483648", "2147483648"],
        ..."9223372036854775807 -9223372036854775808 9223372036854775808 007 1.5 text".split(" "),
        ...["\0\r\n", "ab".repeat(22), "ab".repeat(23), "x".repeat(100_000), "abcdefghij".repeat(2000)],
        "the quick brown fox jumps over the lazy dog and the quick brown cat",
      ]
        .map((value, at): Word[] => ["SET", `key ${at}`, value])
        .concat([
          ["SET", "random", Buffer.from(numbers(5000).map((at) => (at * at * 7919 + at * 31) % 251))],
          ["APPEND", "appended", "short"],
          ["SETBIT", "bits", 100_000, 1],
        ]),
    ));

  test("lists, small ones and those with many nodes", () =>
    expectMoves([
      ["RPUSH", "few", "a", "1", "-70000", "9223372036854775807", "", "x".repeat(63), "x".repeat(64), "x".repeat(5000)],
      ["RPUSH", "many", ...numbers(20_000)],
      ["RPUSH", "long", "y".repeat(100_000), "z", "w".repeat(9000)],
      ["LPUSH", "texts", ...numbers(3000).map((at) => `element ${at} of the list`)],
    ]));

  test("sets of integers of each width, with few members and with many", () =>
    expectMoves([
      ["SADD", "2 bytes", "1", "-5", "300"],
      ["SADD", "4 bytes", "1", "-5", "70000"],
      ["SADD", "8 bytes", "1", "-5", "9223372036854775807", "-9223372036854775808"],
      ["SADD", "texts", "a", "b", "1", "", "x".repeat(60)],
      ["SADD", "long", "x".repeat(70), "1"],
      ["SADD", "many", ...numbers(2000).map((at) => `member ${at}`)],
      ["SADD", "many integers", ...numbers(2000)],
      ["SADD", "was text", "1", "2", "x"],
      ["SREM", "was text", "x"],
    ]));

  test("sorted sets, with all kinds of scores", () =>
    expectMoves([
      ["ZADD", "few", "1", "a", "-1.5", "b", "inf", "c", "-inf", "d", "1e300", "e", "0.1", "f", "3", "7", "-0", "g"],
      ["ZADD", "long", "1", "x".repeat(65), "2", "y"],
      ["ZADD", "many", ...numbers(1000).flatMap((at) => [at * 1.1 - 300, `member ${at % 7} ${at}`]), "inf", "top"],
      ["ZADD", "tiny", "5e-310", "a", "1.7976931348623157e308", "b", "9007199254740993", "c"],
    ]));

  test("hashes, small and large", () =>
    expectMoves([
      ["HSET", "few", "f", "v", "1", "2", "", "", "long", "x".repeat(64)],
      ["HSET", "long", "f", "x".repeat(65)],
      ["HSET", "many", ...numbers(1000).flatMap((at) => [`field ${at}`, at])],
      ["HSET", "was many", ...numbers(600).flatMap((at) => [at, `value ${at}`])],
      ["HDEL", "was many", ...numbers(590)],
    ]));

  test("streams with deleted entries, groups, consumers and pending entries", () =>
    expectMoves([
      ...numbers(350).map((at) => ["XADD", "s", `${1000 + at}-${at % 3}`, "a", at, "b", `text ${at}`]),
      ["XADD", "s", "5000-1", "other", "fields"],
      ["XADD", "s", "18446744073709551615-5", "a", "1", "b", "2"],
      ["XDEL", "s", "1000-0", "1100-1", "5000-1"],
      ["XTRIM", "s", "MINID", "1005"],
      ["XGROUP", "CREATE", "s", "g", "0"],
      ["XGROUP", "CREATE", "s", "h", "$", "ENTRIESREAD", "77"],
      ["XGROUP", "CREATE", "s", "empty", "1200-0"],
      ["XREADGROUP", "GROUP", "g", "alice", "COUNT", "10", "STREAMS", "s", ">"],
      ["XREADGROUP", "GROUP", "g", "bob", "COUNT", "5", "STREAMS", "s", ">"],
      ["XGROUP", "CREATECONSUMER", "s", "g", "idle"],
      ["XACK", "s", "g", "1006-0", "1012-2"],
      ["XCLAIM", "s", "g", "bob", "0", "1007-1", "TIME", "1700000000000", "RETRYCOUNT", "7"],
      ["XGROUP", "CREATE", "only a group", "g", "$", "MKSTREAM"],
      ["XADD", "emptied", "5-5", "f", "v"],
      ["XDEL", "emptied", "5-5"],
      ["XADD", "first", "0-1", "f", "v"],
    ]));

  test("generated values of every type", async () => {
    const seed = propertySeed();
    await fc.assert(fc.asyncProperty(fc.array(creation, { minLength: 1, maxLength: 12 }), expectMoves), {
      numRuns: 25,
      seed,
      endOnFailure: true,
    });
  }, 120_000);
});

const bytes = (from: string): fc.Arbitrary<Word> =>
  fc.oneof(
    valueWord,
    fc.array(fc.constantFrom("ab", "abc", "x", from, "0"), { maxLength: 200 }).map((all) => all.join("")),
  );
const words = fc.array(bytes("word"), { minLength: 1, maxLength: 200 });
const pairs = fc.array(fc.tuple(bytes("f"), bytes("v")), { minLength: 1, maxLength: 150 }).map((all) => all.flat());
// Members must not look like scores: the harness would compare them as scores, which Redis 7.0 prints differently.
const memberWord = fc.oneof(
  fc.integer(),
  fc.uint8Array({ maxLength: 30 }),
  fc.nat({ max: 100 }).map((at) => `member ${at}`),
);
const scores = fc
  .array(fc.tuple(fc.oneof(floatWord, integerWord), memberWord), { minLength: 1, maxLength: 150 })
  .map((all) => all.filter(([score]) => !/nan|4932/.test(String(score))).flat());
const entry = fc.tuple(
  fc.constant<Word>("XADD"),
  fc.constantFrom<Word>("s1", "s2"),
  fc.tuple(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), fc.integer({ min: 0, max: 3 })).map((id) => id.join("-")),
);
const fields = fc.array(fc.tuple(fc.constantFrom<Word>("f", "g", "1"), bytes("v")), { minLength: 1, maxLength: 3 });
const creation: fc.Arbitrary<Word[]> = fc.oneof(
  bytes("s").map((value) => ["SET", "string", value]),
  words.map((all) => ["RPUSH", "list", ...all]),
  words.map((all) => ["SADD", "set", ...all]),
  fc.array(integerWord, { minLength: 1, maxLength: 600 }).map((all) => ["SADD", "integers", ...all]),
  scores.map((all) => ["ZADD", "sorted", ...(all.length === 0 ? ["1", "a"] : all)]),
  pairs.map((all) => ["HSET", "hash", ...all]),
  fc.tuple(entry, fields).map(([head, all]) => [...head, ...all.flat()]),
);

describe.skipIf(redis.missing)(`DUMP and RESTORE answer as redis-server does${redis.reason}`, () => {
  test("DUMP of short values gives the same bytes", () =>
    expectSame([
      ["SET", "i", "-70000"],
      ["SET", "s", "text"],
      ["RPUSH", "l", "a", "1"],
      ["SADD", "n", "1", "2"],
      ["ZADD", "z", "1.5", "a"],
      ["HSET", "h", "f", "1"],
      ["DUMP", "i"],
      ["DUMP", "s"],
      ["DUMP", "l"],
      ["DUMP", "n"],
      ["DUMP", "z"],
      ["DUMP", "h"],
      ["DUMP", "none"],
      ["DUMP"],
      ["DUMP", "a", "b"],
    ]));

  test("RESTORE accepts its options, and refuses invalid ones as Redis does", () =>
    expectSame([
      ["RESTORE", "k", "0", payloadOfV],
      ["GET", "k"],
      ["RESTORE", "k", "0", payloadOfV],
      ["RESTORE", "k", "x", "wrong"],
      ["RESTORE", "k", "1000000", payloadOfV, "REPLACE"],
      { command: ["PTTL", "k"], compare: within(10_000) },
      ["RESTORE", "k", "0", payloadOfV, "replace"],
      ["TTL", "k"],
      ["RESTORE", "k", far, payloadOfV, "REPLACE", "ABSTTL"],
      ["PEXPIRETIME", "k"],
      ["RESTORE", "k", "1", payloadOfV, "ABSTTL", "REPLACE"],
      ["EXISTS", "k"],
      ["RESTORE", "gone", "1", payloadOfV, "ABSTTL"],
      ["EXISTS", "gone"],
      ["RESTORE", "idle", "0", payloadOfV, "IDLETIME", "1000"],
      { command: ["OBJECT", "IDLETIME", "idle"], compare: within(10) },
      ["RESTORE", "idle", "0", payloadOfV, "IDLETIME", "9223372036854775807", "REPLACE"],
      ["RESTORE", "often", "0", payloadOfV, "FREQ", "200"],
      ["RESTORE", "k", "9223372036854775807", payloadOfV],
      ["EXISTS", "k"],
      ...[
        ["-1", payloadOfV],
        ["x", payloadOfV],
        ["", payloadOfV],
        ["9223372036854775808", payloadOfV],
        ["0", ""],
        ["0", "short"],
        ["0", Buffer.from(payloadOfV).fill(7, 2, 3)],
        ["0", Buffer.from(payloadOfV).fill(7, 12, 13)],
        ["0", payloadOfV, "x"],
        ["0", payloadOfV, "IDLETIME"],
        ["0", payloadOfV, "FREQ"],
        ["0", payloadOfV, "IDLETIME", "-1"],
        ["0", payloadOfV, "IDLETIME", "x"],
        ["0", payloadOfV, "FREQ", "256"],
        ["0", payloadOfV, "FREQ", "-1"],
        ["0", payloadOfV, "FREQ", "1", "IDLETIME", "1"],
        ["0", payloadOfV, "IDLETIME", "1", "FREQ", "1"],
        ["-1", "wrong", "x"],
        ["0"],
      ].map((words): Step => ["RESTORE", "new", ...words]),
      ["DBSIZE"],
    ]));

  test("RESTORE is logged with a moment, and as DEL where the moment has passed", () =>
    expectSameLog([
      ["RESTORE", "k", "0", payloadOfV],
      ["RESTORE", "l", "1000000", payloadOfV, "REPLACE"],
      ["RESTORE", "m", far, payloadOfV, "ABSTTL", "IDLETIME", "5"],
      ["RESTORE", "k", "1", payloadOfV, "REPLACE", "ABSTTL"],
      ["RESTORE", "gone", "1", payloadOfV, "ABSTTL"],
    ]));
});

describe.skipIf(redis.missing)(`RESTORE reads payloads of old versions of Redis${redis.reason}`, () => {
  for (const [name, payload] of Object.entries(oldPayloads)) {
    test(`the form ${name}`, () => expectSame([["RESTORE", name, "0", payload]]));
  }
});
