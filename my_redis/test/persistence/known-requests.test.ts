import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { appendFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { propertySeed } from "../../../tools/property-seed.ts";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { checksumAnnotation } from "../../src/persistence/aof/log-checksum.ts";
import { LogLoadError } from "../../src/persistence/aof/log-load-error.ts";
import { loadLog, type LoadResult } from "../../src/persistence/aof/log-loader.ts";
import { parsePositionMark, positionMark } from "../../src/persistence/aof/position-mark.ts";
import { maxValueBytes } from "../../src/memory/record.ts";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { RespConnection, type Word } from "../differential/harness/resp-connection.ts";

// A kernel runs the commonest requests of a log on copies of small values, and the commands themselves run the others.
// While something watches each change, every request takes the way of a command. Both ways must give the same data.

const folder = temporaryFolder("known-requests");
const path = join(folder, "log");
const limits = { "hash-max-listpack-entries": 12, "set-max-listpack-entries": 12, "zset-max-listpack-entries": 12 };
let server: OpenServer;
let connection: RespConnection;

beforeAll(async () => {
  server = await startOpenServer({ port: 0, dir: folder, save: "", "enable-debug-command": "yes", ...limits });
  connection = await RespConnection.open(server.port, "MyRedis");
  // As while a log is loaded; afterwards, too, so that keys whose time is over are compared as well.
  server.server.keyspace.expires = false;
});
afterAll(async () => {
  connection.close();
  await server.close();
});

const bulk = (word: Word): string => {
  const text = word.toString();
  return `$${text.length}\r\n${text}\r\n`;
};
const request = (words: readonly Word[]): string => `*${words.length}\r\n${words.map(bulk).join("")}`;
const writeLog = (requests: readonly (readonly Word[])[]): void =>
  writeFileSync(path, requests.map(request).join(""), "latin1");

/** Removes all data; gives the bytes that the heap still has in use. */
async function flush(): Promise<number> {
  await connection.replies([["FLUSHALL"], ["SELECT", 0]]);
  const { keyspace } = server.server;
  keyspace.releaseSome(() => false);
  return keyspace.heap.usedBytes;
}

/** Loads the log with the kernel, or command by command. */
function load(way: "known" | "ordinary"): LoadResult & { readonly dirty: number } {
  const { execution, keyspace } = server.server;
  const dirtyBefore = keyspace.dirty;
  keyspace.observed = way === "ordinary";
  try {
    const loaded = execution.asLoading(() => loadLog(server.server, { load() {}, carryOver: () => [] }, path));
    return { ...loaded, dirty: keyspace.dirty - dirtyBefore };
  } finally {
    keyspace.observed = false;
  }
}

/** Everything that can be seen of the data of the first two databases. A table has its entries in any order. */
async function seen(): Promise<unknown[]> {
  const counts = (await connection.reply("INFO", "keyspace")).text?.replaceAll(/avg_ttl=\d+/g, "");
  const values: unknown[] = [await connection.reply("DEBUG", "DIGEST"), counts];
  for (const database of [0, 1]) {
    await connection.reply("SELECT", database);
    const { items } = await connection.reply("KEYS", "*");
    for (const key of (items ?? []).map(({ text }) => text as string).sort()) {
      const [encoding, expiry, dump] = await connection.replies([
        ["OBJECT", "ENCODING", key],
        ["PEXPIRETIME", key],
        ["DUMP", key],
      ]);
      values.push(key, encoding, expiry, encoding?.text === "hashtable" ? undefined : dump);
    }
  }
  await connection.reply("SELECT", 0);
  return values;
}

async function expectBothWaysEqual(): Promise<void> {
  const empty = await flush();
  const byKernel = load("known");
  const found = await seen();
  expect(await flush()).toBe(empty);
  const ordinary = load("ordinary");
  expect(byKernel).toEqual(ordinary);
  expect(found).toEqual(await seen());
  expect(await flush()).toBe(empty);
}

const key = fc.constantFrom("a", "key", "another key", "k".repeat(8), "k".repeat(9), "k".repeat(2100));
const word = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 14 }).map((number) => `word ${number}`) },
  { weight: 4, arbitrary: fc.integer({ min: -200, max: 5000 }).map(String) },
  {
    weight: 3,
    arbitrary: fc.constantFrom("", "-", "-0", "00", "0", "-1", "9223372036854775807", "9223372036854775806", "1e3"),
  },
  { weight: 2, arbitrary: fc.integer({ min: 60, max: 300 }).map((size) => "y".repeat(size)) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(20, 44, 45, 63, 64, 65, 127, 128, 2048, 2049, 4100, 9000, 40_000)
      .map((size) => "x".repeat(size)),
  },
);
const words = fc.array(word, { minLength: 2, maxLength: 20, size: "max" });
const farMs = 4_000_000_000_000;
const moment = fc.constantFrom(farMs, farMs + 1, 1, 0, -1, "x", "18446744073709551617");
const name = (...names: string[]) => fc.constantFrom(...names, ...names.map((each) => each.toLowerCase()));

const change: fc.Arbitrary<readonly Word[]> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(name("SET"), key, word) },
  { weight: 3, arbitrary: fc.tuple(name("SET"), key, word, name("PXAT", "EXAT"), moment) },
  { weight: 1, arbitrary: fc.tuple(name("SET"), key, word, name("NX", "XX", "KEEPTTL", "GET")) },
  { weight: 4, arbitrary: fc.tuple(name("INCR", "DECR"), key) },
  { weight: 2, arbitrary: fc.tuple(name("INCRBY", "APPEND"), key, word) },
  {
    weight: 6,
    arbitrary: fc.tuple(name("HSET", "HMSET"), key, words).map(([first, at, rest]) => [first, at, ...rest]),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(name("SADD", "SREM", "HDEL"), key, words).map(([first, at, rest]) => [first, at, ...rest]),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(name("RPUSH", "LPUSH"), key, words).map(([first, at, rest]) => [first, at, ...rest]),
  },
  { weight: 4, arbitrary: fc.tuple(name("RPUSH", "LPUSH", "RPUSHX"), key, word) },
  { weight: 6, arbitrary: fc.tuple(name("LPOP", "RPOP"), key) },
  { weight: 1, arbitrary: fc.tuple(name("LPOP", "RPOP"), key, fc.integer({ min: 0, max: 9 })) },
  { weight: 4, arbitrary: fc.tuple(name("DEL", "UNLINK"), key) },
  { weight: 1, arbitrary: fc.tuple(name("DEL", "RENAME", "COPY"), key, key) },
  { weight: 6, arbitrary: fc.tuple(name("ZADD"), key, fc.integer({ min: -5, max: 40 }), word) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        name("ZADD"),
        key,
        fc.array(fc.tuple(fc.constantFrom(1, "2.5", "-inf", "nan", "nx"), word), { minLength: 1, maxLength: 20 }),
      )
      .map(([first, at, rest]) => [first, at, ...rest.flat()]),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(name("XADD"), key, fc.constantFrom("1-1", "5", "7-0", "8-1", "9-0", "0-0", "x"), word, word),
  },
  { weight: 2, arbitrary: fc.tuple(name("PEXPIREAT"), key, moment) },
  { weight: 1, arbitrary: fc.tuple(name("PERSIST", "TYPE", "PFADD"), key) },
  // Commands that have more keys than argument 1.
  { weight: 2, arbitrary: fc.tuple(name("SORT"), key, fc.constantFrom("ALPHA", "DESC"), name("STORE"), key) },
  { weight: 1, arbitrary: fc.tuple(name("SORT"), key, fc.constant("BY"), key, fc.constant("STORE"), key) },
  {
    weight: 2,
    arbitrary: fc.tuple(name("ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"), key, fc.constant(2), key, key),
  },
  { weight: 1, arbitrary: fc.tuple(name("GEOADD"), key, fc.constant(1), fc.constant(2), word) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(name("GEORADIUS"), key, fc.constantFrom(1), fc.constantFrom(2), fc.constantFrom(9))
      .chain(([first, at, ...place]) => key.map((to) => [first, at, ...place, "km", "STORE", to])),
  },
  { weight: 1, arbitrary: fc.tuple(name("SELECT"), fc.constantFrom(0, 1)) },
  { weight: 1, arbitrary: fc.tuple(name("MOVE"), key, fc.constantFrom(0, 1)) },
  { weight: 1, arbitrary: fc.constantFrom<Word[]>(["FLUSHDB"], ["ping"], ["MSET", "a", "1", "key", "2"]) },
);
/** Changes, some of them in transactions. */
const part = fc.oneof(
  { weight: 12, arbitrary: change.map((one) => [one]) },
  { weight: 1, arbitrary: fc.array(change, { maxLength: 4 }).map((some) => [["MULTI"], ...some, ["EXEC"]]) },
);

test("a log is loaded by the kernel as it is command by command", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(part, { minLength: 5, maxLength: 250, size: "max" }), async (parts) => {
      writeLog(parts.flat());
      await expectBothWaysEqual();
    }),
    { seed: propertySeed(), numRuns: 60 },
  );
}, 60_000);

test("a name that is longer than a known one by a blank or NUL is unknown", async () => {
  for (const end of ["\0", " "]) {
    await flush();
    writeLog([
      ["SET", "key", "1"],
      [`INCR${end}`, "key"],
    ]);
    expect(() => load("known")).toThrow("unknown command");
  }
  await flush();
});

test("elements of all lengths are popped at both ends", async () => {
  const requests: Word[][] = [];
  for (let size = 0; size < 400; size++) {
    const at = `list:${size}`;
    requests.push(["RPUSH", at, "first", "y".repeat(size), "in between", "z".repeat(size)], ["RPOP", at], ["RPOP", at]);
    requests.push(["RPOP", at], ["RPUSH", at, "z".repeat(size)], ["LPUSH", at, "y".repeat(size)], ["LPOP", at]);
  }
  writeLog(requests);
  await expectBothWaysEqual();
}, 60_000);

test("long strings of new keys, of the same ones again, and between other requests", async () => {
  const requests: Word[][] = [];
  for (let at = 0; at < 1200; at++) {
    const key = `key:${at % 4 === 0 ? at % 40 : at}`;
    requests.push(["SET", key, `${at}`.padEnd(2040 + (at % 7) * 3000, "x")]);
    if (at % 5 === 0) requests.push(["SET", `twice:${at}`, "t".repeat(2100)], ["SET", `twice:${at}`, "u".repeat(5000)]);
    if (at % 50 === 0) requests.push(["APPEND", `key:${at}`, "y"], ["SET", key, at], ["SET", key, "z".repeat(3000)]);
    if (at % 90 === 0) requests.push(["INCR", "counter"], ["DEL", `key:${at - 1}`], ["RPUSH", "list", at]);
  }
  writeLog(requests);
  await expectBothWaysEqual();
}, 60_000);

// A value that is not in the window as a whole is read from the file to its record.
const longBytes = [70_000, 300_000, 1_048_560, 1_048_576, 1_500_000, 2_500_000];

test("values beyond the window, for new keys and for keys of all types", async () => {
  const requests: Word[][] = [["SELECT", 1]];
  for (const [at, bytes] of [...longBytes, ...longBytes].entries()) {
    const key = `key:${at % 5}`;
    requests.push(["SET", key, `${at}`.padEnd(bytes, "y")], ["SET", `small:${at}`, at], ["INCR", `small:${at}`]);
    if (at % 2 === 0) requests.push(["APPEND", key, "z"], ["PEXPIREAT", key, farMs]);
    else
      requests.push(
        ["DEL", key],
        ["RPUSH", key, "an element"],
        ["MULTI"],
        ["SET", `unit:${at}`, "u".repeat(bytes)],
        ["EXEC"],
      );
    requests.push(["SET", `until:${at}`, "v".repeat(bytes), "PXAT", farMs]);
  }
  writeLog(requests);
  await expectBothWaysEqual();
}, 60_000);

test("values beyond the window that replace others", async () => {
  for (const bytes of longBytes) {
    const value = "y".repeat(bytes);
    const requests: Word[][] = [];
    for (const before of [
      ["DEL", "key"],
      ["RPUSH", "key", "an element"],
      ["SET", "key", value],
      ["SET", "key", "text"],
    ]) {
      requests.push(["SET", "filler", "x".repeat(700_000)], ["DEL", "key"], before, ["SET", "key", `${value}!`]);
      requests.push(["SET", "key", value], ["APPEND", "key", "z"], ["PEXPIREAT", "key", farMs], ["SET", "key", value]);
    }
    writeLog(requests);
    await expectBothWaysEqual();
  }
}, 60_000);

/** What loading the log in one way gives: the result, or where and why it was refused. */
async function outcomeOf(way: "known" | "ordinary"): Promise<unknown> {
  await flush();
  try {
    return [load(way), await connection.reply("DEBUG", "DIGEST")];
  } catch (error) {
    if (!(error instanceof LogLoadError)) throw error;
    return [error.message, error.goodBytes];
  }
}

test("damage around a value beyond the window is found as it is command by command", async () => {
  const small = Buffer.from(request(["SET", "small", "value"]));
  for (const bytes of [300_000, 1_500_000]) {
    const first = Buffer.concat([small, Buffer.from(request(["SET", "first", "x".repeat(900_000)]))]);
    const long = Buffer.from(request(["SET", "long", "y".repeat(bytes)]));
    const head = long.indexOf("y");
    for (const checked of [true, false]) {
      const sum = (part: Buffer): string => (checked ? checksumAnnotation(part) : "");
      const parts = [first, sum(first), long, sum(long), small, sum(small)];
      const whole = Buffer.concat(parts.map((part) => Buffer.from(part)));
      const start = first.length + sum(first).length;
      const after = start + long.length;
      const places = [...Array.from({ length: head }, (_, at) => start + at), start + head + 200_000, after - 3];
      for (const place of [...places, after - 2, after - 1, after + 3]) {
        const flipped = Buffer.from(whole);
        flipped[place] = (flipped[place] as number) ^ 4;
        for (const file of [flipped, whole.subarray(0, place)]) {
          writeFileSync(path, file);
          expect(await outcomeOf("known")).toEqual(await outcomeOf("ordinary"));
        }
      }
    }
  }
  await flush();
}, 60_000);

test("a value beyond the window ends what a position says, and counts as used now", async () => {
  const mark = positionMark({ id: "a".repeat(40), offset: 123, database: 0 });
  const long = request(["SET", "long", "y".repeat(1_500_000)]);
  for (const [log, position] of [
    [mark + long, undefined],
    [long + mark, parsePositionMark(mark.trimEnd().slice(1))],
  ] as const) {
    writeFileSync(path, log);
    await flush();
    expect(load("known").position).toEqual(position);
    expect(Number((await connection.reply("OBJECT", "IDLETIME", "long")).text)).toBeLessThan(600);
    expect(await outcomeOf("known")).toEqual(await outcomeOf("ordinary"));
  }
  await flush();
}, 60_000);

test("a value that is longer than a record can be is refused before it is read", async () => {
  const small = request(["SET", "small", "value"]);
  const length = maxValueBytes + 1;
  writeFileSync(path, `${small}*3\r\n$3\r\nSET\r\n$4\r\nlong\r\n$${length}\r\n`);
  // The value is not written: it takes no room in the file, and reads as zeros.
  truncateSync(path, statSync(path).size + length);
  appendFileSync(path, "\r\n");
  const outcome = await outcomeOf("known");
  rmSync(path);
  expect(outcome).toEqual([
    expect.stringContaining(`a value of ${length} bytes, more than the ${maxValueBytes} that a value can have`),
    small.length,
  ]);
  await flush();
}, 60_000);

test("more keys than there are copies, and more bytes", async () => {
  const requests: Word[][] = [];
  for (let round = 0; round < 2; round++) {
    for (let at = 0; at < 120_000; at++)
      requests.push(["SET", `key:${at}`, at % 7 === 0 ? "x".repeat(200) : at + round]);
  }
  for (let at = 0; at < 20_000; at++) requests.push(["RPUSH", `list:${at % 3000}`, "an element ".repeat(at % 9), at]);
  for (let at = 0; at < 20_000; at++) requests.push(["HSET", `hash:${at % 3000}`, at % 10, "a value ".repeat(at % 99)]);
  writeLog(requests);
  await flush();
  const byKernel = load("known");
  const digest = await connection.reply("DEBUG", "DIGEST");
  await flush();
  expect(load("ordinary")).toEqual(byKernel);
  expect(await connection.reply("DEBUG", "DIGEST")).toEqual(digest);
  await flush();
}, 60_000);
