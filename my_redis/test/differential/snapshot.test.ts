import { describe, expect, test } from "bun:test";
import { copyFileSync, cpSync } from "node:fs";
import { join } from "node:path";
import { requireService, startRedisServer, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { startServer } from "../../index.ts";
import { datasetDifference, readDataset } from "../fuzz/dataset-text.ts";
import { RespConnection, type Word } from "./harness/resp-connection.ts";

const redis = requireService("redis");
const databases = [0, 1, 5];
const far = 4_102_444_800_000;

const range = (count: number): number[] => Array.from({ length: count }, (_, number) => number);
const long = "a long text that repeats itself, ".repeat(40);

/** Every type in every encoding of Redis 7.0, with and without an expiry, in several databases. */
function creations(): Word[][] {
  return [
    ["SELECT", 0],
    ["SET", "text", "value", "PXAT", far],
    ["SET", "empty", ""],
    ["SET", "", "the key without a name"],
    ...["0", "-1", "127", "-129", "32768", "-2147483648", "2147483648", "9223372036854775807", "007"].map((text) => [
      "SET",
      `number ${text}`,
      text,
    ]),
    ["SET", "compressed", long],
    ["SET", "bytes", Uint8Array.from(range(256))],
    ["SET", long, "a long key"],
    ["APPEND", "appended", "raw though short"],
    ["RPUSH", "small list", "a", "1", "-70000", "9223372036854775807", "", long],
    ["RPUSH", "large list", ...range(5000).map((number) => `element ${number}`)],
    ["RPUSH", "list of long elements", "x".repeat(9000), "short", "y".repeat(20_000)],
    ["SADD", "integers of 16 bits", 1, -5, 300],
    ["SADD", "integers of 32 bits", 1, -70_000],
    ["SADD", "integers of 64 bits", 1, "9223372036854775807", "-9223372036854775808"],
    ["SADD", "small set", "a", "b", 1],
    ["SADD", "large set", ...range(700).map((number) => `member ${number}`)],
    ["ZADD", "small sorted set", 1, "a", -1.5, "b", "inf", "c", "-inf", "d", "0.125", "e"],
    ["ZADD", "large sorted set", ...range(700).flatMap((number) => [number / 8, `member ${number}`])],
    ["HSET", "small hash", "f", "v", "1", "2", "long", "short"],
    ["HSET", "hash of a long value", "f", long],
    ["HSET", "large hash", ...range(700).flatMap((number) => [`field ${number}`, number])],
    ["PFADD", "hyperloglog", ...range(100)],
    ["SELECT", 5],
    ...range(300).map((number) => ["XADD", "stream", `${number + 1}-1`, "f", number, "g", "text"]),
    ["XDEL", "stream", "7-1", "300-1"],
    ["XGROUP", "CREATE", "stream", "group", 0],
    ["XGROUP", "CREATE", "stream", "at the end", "$"],
    ["XREADGROUP", "GROUP", "group", "alice", "COUNT", 5, "STREAMS", "stream", ">"],
    ["XGROUP", "CREATECONSUMER", "stream", "group", "bob"],
    ["XADD", "emptied stream", "3-3", "f", "v"],
    ["XTRIM", "emptied stream", "MAXLEN", 0],
    ["SELECT", 1],
    ["SET", "short-lived", "gone soon", "PX", 1],
    ["RPUSH", "with expiry", "a"],
    ["PEXPIREAT", "with expiry", far],
    ["SELECT", 0],
  ];
}

async function create(connection: RespConnection, commands: readonly Word[][]): Promise<void> {
  const replies = await connection.replies(commands);
  const errors = replies.flatMap((reply, index) =>
    reply.sign === "-" ? [`${String(commands[index])}: ${reply.text}`] : [],
  );
  expect(errors.map((error) => error.slice(0, 200))).toEqual([]);
}

/** The content of the folder as redis-server loads it; "--appendonly yes" loads the log. */
async function readByRedis(folder: string, ...args: string[]) {
  const server = await startRedisServer({ args: ["--dir", folder, ...args] });
  const connection = await RespConnection.open(server.port, "redis-server");
  const dataset = await readDataset(connection, databases);
  connection.close();
  await server.stop();
  return dataset;
}

/** The content of the folder as MyRedis loads it. */
async function readByMyRedis(folder: string, appendonly = false) {
  const server = await startServer({ port: 0, dir: folder, appendonly });
  const connection = await RespConnection.open(server.port, "MyRedis");
  const dataset = await readDataset(connection, databases);
  connection.close();
  await server.close();
  return dataset;
}

async function expectRewritten(connection: RespConnection): Promise<void> {
  await waitUntil(
    async () => {
      const text = (await connection.reply("INFO", "persistence")).text ?? "";
      return /aof_rewrite_in_progress:0/.test(text) && /aof_rewrite_scheduled:0/.test(text);
    },
    { timeoutMs: 10_000, what: "the rewrite" },
  );
}

const difference = (one: Awaited<ReturnType<typeof readByRedis>>, other: typeof one): string[] =>
  datasetDifference(one, other, Date.now()).slice(0, 3);

describe.skipIf(redis.missing)(`snapshots and logs move between redis-server and MyRedis${redis.reason}`, () => {
  for (const settings of [
    [],
    ["--rdbcompression", "no"],
    ["--maxmemory-policy", "allkeys-lfu", "--maxmemory", "200mb", "--list-max-listpack-size", "4"],
    ["--maxmemory-policy", "allkeys-lru", "--maxmemory", "200mb", "--rdbchecksum", "no"],
  ]) {
    test(`MyRedis reads the dump.rdb of a redis-server ${settings.join(" ")}`, async () => {
      const folder = temporaryFolder("rdb");
      const server = await startRedisServer({ args: ["--dir", folder, ...settings] });
      const connection = await RespConnection.open(server.port, "redis-server");
      await create(connection, creations());
      const before = await readDataset(connection, databases);
      await create(connection, [["SAVE"]]);
      connection.close();
      await server.stop();
      expect(difference(before, await readByMyRedis(folder))).toEqual([]);
    });
  }

  for (const command of ["SAVE", "BGSAVE"]) {
    test(`redis-server reads the file that ${command} of MyRedis wrote`, async () => {
      const folder = temporaryFolder("rdb");
      const server = await startServer({ port: 0, dir: folder });
      const connection = await RespConnection.open(server.port, "MyRedis");
      await create(connection, creations());
      const before = await readDataset(connection, databases);
      await create(connection, [[command]]);
      await waitUntil(async () => /rdb_saves:1\b/.test((await connection.reply("INFO", "persistence")).text ?? ""), {
        timeoutMs: 10_000,
        what: "the snapshot",
      });
      connection.close();
      await server.close();
      expect(difference(before, await readByRedis(folder))).toEqual([]);
      expect(difference(before, await readByMyRedis(folder))).toEqual([]);
    });
  }

  for (const preamble of ["yes", "no"]) {
    test(`a log moves to redis-server and back, rewritten by each, with aof-use-rdb-preamble ${preamble}`, async () => {
      const folder = temporaryFolder("aof");
      const options = { port: 0, dir: folder, appendonly: true, "aof-use-rdb-preamble": preamble === "yes" };
      const ours = await startServer(options);
      const connection = await RespConnection.open(ours.port, "MyRedis");
      await create(connection, [...creations(), ["BGREWRITEAOF"]]);
      await expectRewritten(connection);
      await create(connection, [
        ["SELECT", 1],
        ["SET", "after ours", 1],
      ]);
      const first = await readDataset(connection, databases);
      connection.close();
      await ours.close();

      const args = ["--dir", folder, "--appendonly", "yes", "--aof-use-rdb-preamble", preamble];
      const theirs = await startRedisServer({ args });
      const other = await RespConnection.open(theirs.port, "redis-server");
      expect(difference(first, await readDataset(other, databases))).toEqual([]);
      await create(other, [["BGREWRITEAOF"]]);
      await expectRewritten(other);
      await create(other, [
        ["SELECT", 1],
        ["SET", "after theirs", 1],
        ["LPUSH", "large list", "new"],
      ]);
      const second = await readDataset(other, databases);
      other.close();
      await theirs.stop();

      expect(difference(second, await readByMyRedis(folder, true))).toEqual([]);
      expect(difference(second, await readByRedis(folder, "--appendonly", "yes"))).toEqual([]);
    });
  }

  test("MyRedis reads a log from before Redis 7: one file with a snapshot followed by commands", async () => {
    const source = temporaryFolder("rdb");
    const server = await startServer({ port: 0, dir: source });
    const connection = await RespConnection.open(server.port, "MyRedis");
    await create(connection, [["SET", "in the snapshot", 1], ["SAVE"]]);
    connection.close();
    await server.close();
    const folder = temporaryFolder("aof");
    const path = join(folder, "appendonly.aof");
    copyFileSync(join(source, "dump.rdb"), path);
    const bytes = Buffer.from("*3\r\n$3\r\nSET\r\n$5\r\nafter\r\n$1\r\n2\r\n");
    await Bun.write(path, Buffer.concat([Buffer.from(await Bun.file(path).arrayBuffer()), bytes]));
    const copy = temporaryFolder("aof");
    cpSync(folder, copy, { recursive: true });
    const found = await readByMyRedis(folder, true);
    expect([...found.keys()].sort()).toEqual(["0:after", "0:in the snapshot"]);
    expect(difference(found, await readByRedis(copy, "--appendonly", "yes"))).toEqual([]);
  });
});
