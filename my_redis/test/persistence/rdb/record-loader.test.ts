import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { propertySeed } from "../../../../tools/property-seed.ts";
import { temporaryFolder } from "../../../../tools/test-services/index.ts";
import { loadRdb, RdbLoadError, type RdbLoadOptions } from "../../../src/persistence/rdb/rdb-loader.ts";
import { rdbTargetOf } from "../../../src/persistence/snapshot/rdb-target.ts";
import { type OpenServer, startOpenServer } from "../../../src/start-server.ts";
import { RespConnection, type Word } from "../../differential/harness/resp-connection.ts";

const folder = temporaryFolder("record-loader");
const path = join(folder, "dump.rdb");
let server: OpenServer;
let connection: RespConnection;

beforeAll(async () => {
  const limits = { "hash-max-listpack-entries": 20, "set-max-listpack-entries": 20, "zset-max-listpack-entries": 20 };
  server = await startOpenServer({ port: 0, dir: folder, save: "", "enable-debug-command": "yes", ...limits });
  connection = await RespConnection.open(server.port, "MyRedis");
});
afterAll(async () => {
  connection.close();
  await server.close();
});

/** Keys that may be there already are read one by one, without the kernel. */
const oneByOne: RdbLoadOptions = { beforeLog: false, existing: "replace" };
const manyAtOnce: RdbLoadOptions = { beforeLog: false, existing: "refuse" };

const load = (options: RdbLoadOptions) => loadRdb(rdbTargetOf(server.server), path, options);
/** Removes all data; gives the bytes that the heap still has in use. */
async function flush(): Promise<number> {
  await connection.reply("FLUSHALL");
  const { keyspace } = server.server;
  keyspace.releaseSome(() => false);
  return keyspace.heap.usedBytes;
}

const text = async (...words: Word[]): Promise<string> => (await connection.reply(...words)).text ?? "";

async function texts(...words: Word[]): Promise<string[]> {
  const { items } = await connection.reply(...words);
  return (items ?? []).map((item) => item.text ?? "");
}

/** Texts around every limit: of integers, of forms of a length, of compression, of pages. */
const word = fc.oneof(
  { weight: 6, arbitrary: fc.string({ minLength: 0, maxLength: 30, unit: "binary-ascii" }) },
  { weight: 3, arbitrary: fc.integer().map(String) },
  { weight: 2, arbitrary: fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("", "-", "-0", "00", "0", "-1", "+1", "9223372036854775807", "999999999999999999"),
  },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 300 }).map((length) => "long text ".repeat(length)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(20, 44, 45, 63, 64, 4095, 4096, 32_740, 33_000).map((size) => "x".repeat(size)),
  },
);
const words = fc.uniqueArray(word, { minLength: 1, maxLength: 60, size: "max" });
/**
 * RPUSH judges by the length of its words whether a list is one node. A load judges by the bytes that they take, which may be
 * a little less for integers and more for others. So a list near the limit of 8192 bytes may be loaded in another form.
 */
const listWords = words.filter((members) => {
  const bytes = members.reduce((total, member) => total + member.length, 0);
  return bytes < 7400 || bytes > 9400;
});
const scores = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.double({ noNaN: true }),
  fc.constantFrom(Infinity, -Infinity),
);
const textOfScore = (score: number): string =>
  Math.abs(score) === Infinity ? (score > 0 ? "inf" : "-inf") : `${score}`;

const creation: fc.Arbitrary<(key: string) => Word[]> = fc.oneof(
  word.map((value) => (key: string) => ["SET", key, value]),
  word.map((value) => (key: string) => ["SET", key, value, "PX", 1_000_000]),
  words.map((members) => (key: string) => ["SADD", key, ...members]),
  listWords.map((members) => (key: string) => ["RPUSH", key, ...members]),
  // Each field once: a hash keeps its form when a long value is replaced, and is loaded in the form of the short one.
  fc
    .uniqueArray(fc.tuple(word, word), { minLength: 1, maxLength: 60, size: "max", selector: ([field]) => field })
    .map((fields) => (key: string) => ["HSET", key, ...fields.flat()]),
  fc
    .array(fc.tuple(scores, word), { minLength: 1, maxLength: 60, size: "max" })
    .map((members) => (key: string) => [
      "ZADD",
      key,
      ...members.flatMap(([score, member]) => [textOfScore(score), member]),
    ]),
);

/** What clients can see of the data, and of the forms that it has. */
async function seen(): Promise<string[]> {
  const keys = (await texts("KEYS", "*")).sort();
  const encodings = await Promise.all(keys.map((key) => text("OBJECT", "ENCODING", key)));
  const ranges = await Promise.all(keys.map((key) => texts("ZRANGE", key, 0, -1, "WITHSCORES")));
  return [await text("DEBUG", "DIGEST"), ...encodings, ...ranges.flat()];
}

test("many keys at once are loaded as they are one by one, and can be changed", async () => {
  const { heap } = server.server.keyspace;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(word, creation), { maxLength: 30, size: "max" }), async (created) => {
      await flush();
      for (const [key, create] of created) await connection.replies([["DEL", key], create(key)]);
      const before = await seen();
      await connection.reply("SAVE");
      const empty = await flush();
      load(oneByOne);
      const oneByOneBytes = heap.usedBytes;
      expect(await seen()).toEqual(before);
      await flush();
      load(manyAtOnce);
      expect(heap.usedBytes).toBe(oneByOneBytes);
      expect(await seen()).toEqual(before);
      // Every value is replaced, every second one by a longer text, and then removed: no block is lost, none is used twice.
      for (const [at, [key]] of created.entries()) await connection.reply("SET", key, "y".repeat(10 + (at % 2) * 100));
      for (const [at, [key]] of created.entries()) {
        const last = created.findLastIndex(([other]) => other === key);
        if (last === at) expect(await text("GET", key)).toBe("y".repeat(10 + (at % 2) * 100));
      }
      expect(await flush()).toBe(empty);
    }),
    { seed: propertySeed(), numRuns: 25 },
  );
});

test("more than one round of keys and of elements, and keys across the window of the file", async () => {
  await connection.replies([["FLUSHALL"], ["CONFIG", "SET", "rdbcompression", "no"]]);
  for (let from = 0; from < 9000; from += 1000) {
    const range = Array.from({ length: 1000 }, (_, at) => from + at);
    await connection.reply("MSET", ...range.flatMap((at) => [`key:${at}`, `value of ${at} `.repeat(at % 20)]));
    await connection.reply("HSET", "hash", ...range.flatMap((at) => [`field:${at}`, at]));
    await connection.reply("SADD", "set", ...range.map((at) => `member:${at}`), ...range);
    await connection.reply("ZADD", "ranking", ...range.flatMap((at) => [(at * 7919) % 5003, `member:${at}`]));
  }
  await connection.reply("SET", "much", "long text ".repeat(80_000));
  const before = await text("DEBUG", "DIGEST");
  await connection.reply("SAVE");
  await connection.reply("FLUSHALL");
  expect(load(manyAtOnce).keys).toBe(9004);
  expect(await text("DEBUG", "DIGEST")).toBe(before);
  const score = await text("ZSCORE", "ranking", "member:2");
  const lower = Number(await text("ZCOUNT", "ranking", "-inf", `(${score}`));
  expect(await texts("ZRANGE", "ranking", lower, lower + 1)).toContain("member:2");
});

test("a key that was there before is refused, also among many, and expired keys are left out", async () => {
  await connection.replies([["FLUSHALL"], ["SET", "one", "1"], ["SET", "two", "2", "PX", 100], ["SET", "three", "3"]]);
  await connection.reply("SAVE");
  const bytes = readFileSync(path);
  await connection.replies([["FLUSHALL"], ["SET", "three", "other"]]);
  expect(() => load(manyAtOnce)).toThrow(/the key 'three' for the second time/);
  await connection.replies([["FLUSHALL"], ["SET", "three", "other"]]);
  expect(() => load(manyAtOnce)).toThrow(RdbLoadError);
  await connection.reply("FLUSHALL");
  writeFileSync(path, bytes);
  await Bun.sleep(200);
  expect(load(manyAtOnce)).toMatchObject({ expired: bytes.includes("two") ? 1 : 0, keys: 2 });
  expect([await text("GET", "one"), await text("GET", "three")]).toEqual(["1", "3"]);
});

test("a key is the same with an expiry, without one, and with another", async () => {
  const key = "a key of more bytes than an expiry has";
  const plain = ["SET", key, "1"];
  const expiring = [...plain, "PX", 1_000_000];
  const later = [...plain, "PX", 2_000_000];
  for (const [inFile, present] of [
    [plain, expiring],
    [expiring, plain],
    [expiring, later],
  ] as const) {
    await connection.replies([["FLUSHALL"], inFile]);
    await connection.reply("SAVE");
    await connection.replies([["FLUSHALL"], present]);
    expect(() => load(manyAtOnce)).toThrow(`the key '${key}' for the second time`);
  }
});
