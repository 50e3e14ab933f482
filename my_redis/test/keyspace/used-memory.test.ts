import { afterAll, beforeAll, expect, test } from "bun:test";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { RespConnection, type Word } from "../differential/harness/resp-connection.ts";

let running: OpenServer;
let connection: RespConnection;

beforeAll(async () => {
  running = await startOpenServer({ port: 0, memory: true, bind: ["127.0.0.1"] });
  connection = await RespConnection.open(running.port, "MyRedis");
});
afterAll(async () => {
  connection.close();
  await running.close();
});

const many = (words: (number: number) => Word[]): Word[] => Array.from({ length: 2000 }, (_, at) => words(at)).flat();

/** Creates large values of every kind. Others are created in between and deleted again. */
const makeValues: Word[][] = [
  ["MSET", ...many((at) => [`key:${at}`, "value"])],
  ["HSET", "hash", ...many((at) => [`field:${at}`, "value"])],
  ["HEXPIRE", "hash", "1000", "FIELDS", "2000", ...many((at) => [`field:${at}`])],
  ["HSET", "small", "field", "value"],
  ["HEXPIRE", "small", "1000", "FIELDS", "1", "field"],
  ["SADD", "set", ...many((at) => [`member:${at}`])],
  ["SADD", "numbers", ...many((at) => [at * 3])],
  ["ZADD", "sorted", ...many((at) => [at, `member:${at}`])],
  ["RPUSH", "list", ...many((at) => ["element".repeat(20) + at])],
  ...Array.from({ length: 500 }, (_, at) => ["XADD", "stream", `${at + 1}-1`, "field", "value".repeat(20)]),
  ["XGROUP", "CREATE", "stream", "group", "0"],
  ["XREADGROUP", "GROUP", "group", "consumer", "STREAMS", "stream", ">"],
  ["SUNIONSTORE", "union", "set", "numbers"],
  ["SDIFFSTORE", "union", "set", "set"],
  ["ZUNIONSTORE", "union", "2", "sorted", "set"],
  ["ZRANGESTORE", "range", "sorted", "0", "1500"],
  ["ZREMRANGEBYRANK", "sorted", "0", "1200"],
  ["COPY", "hash", "copied"],
  ["COPY", "sorted", "copied-sorted"],
  ["COPY", "stream", "copied-stream"],
  ["COPY", "list", "copied-list"],
  ["RENAME", "copied", "renamed"],
  ["SET", "set", "overwritten"],
  ["LTRIM", "list", "0", "2"],
  ["EXPIRE", "hash", "1000"],
  ["SORT", "numbers", "STORE", "sorted-list"],
];

/**
 * The memory in use once all background work is done: freeing what was replaced, and moving entries to resized indexes.
 * The server does this work between requests, when it has the time, so the figures before it depend on the time.
 */
function settledBytes(): number {
  const { keyspace } = running.server;
  keyspace.releaseSome(() => false);
  for (const { indexes } of keyspace.databases) {
    for (const index of indexes) index.migrate(Number.MAX_SAFE_INTEGER);
  }
  return keyspace.usedBytes;
}

test("the memory of all kinds of values is counted, and freed when they are deleted", async () => {
  const before = settledBytes();
  expect((await connection.replies(makeValues)).filter(({ sign }) => sign === "-")).toEqual([]);
  const dump = await connection.reply("DUMP", "sorted");
  await connection.reply("RESTORE", "restored", "0", Buffer.from(dump.text ?? "", "latin1"));
  await connection.reply("RESTORE", "restored", "0", "broken", "REPLACE");
  const used = settledBytes();
  expect(used).toBeGreaterThan(before + 500_000);
  await connection.reply("XGROUP", "CREATE", "stream", "other", "0");
  await connection.reply("XREADGROUP", "GROUP", "other", "consumer", "STREAMS", "stream", ">");
  // One id of 16 bytes for the group and one for the consumer, and the facts about the delivery.
  expect(settledBytes()).toBeGreaterThan(used + 500 * 50);
  await connection.reply("XGROUP", "DELCONSUMER", "stream", "other", "consumer");
  await connection.reply("XGROUP", "DESTROY", "stream", "other");
  expect(settledBytes()).toBe(used);
  await connection.reply("FLUSHALL");
  expect(settledBytes()).toBe(before);
});

test("the memory is also freed when the values are deleted one by one", async () => {
  const before = settledBytes();
  await connection.replies(makeValues);
  const { items } = await connection.reply("KEYS", "*");
  // In one write: two thousand round trips would take longer than a test may on a busy machine.
  await connection.replies((items ?? []).map(({ text }) => ["DEL", text as string]));
  expect(settledBytes()).toBe(before);
});
