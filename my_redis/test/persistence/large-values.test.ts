import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { Eviction, evictionPolicy } from "../../src/keyspace/eviction.ts";
import type { Snapshot } from "../../src/keyspace/snapshot.ts";
import { loadRdb } from "../../src/persistence/rdb/rdb-loader.ts";
import { BackgroundFile } from "../../src/persistence/background-file.ts";
import { AwaitedValues } from "../../src/persistence/snapshot/awaited-values.ts";
import { BackgroundSnapshot } from "../../src/persistence/snapshot/background-snapshot.ts";
import { rdbTargetOf } from "../../src/persistence/snapshot/rdb-target.ts";
import { beginFile } from "../../src/persistence/snapshot/snapshot-file.ts";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { RespConnection, type Word } from "../differential/harness/resp-connection.ts";

const elements = 20_000;
const expiryMs = 4_000_000_000_000;

let server: OpenServer;
let connection: RespConnection;

beforeEach(async () => {
  server = await startOpenServer({ port: 0, memory: true });
  connection = await RespConnection.open(server.port, "MyRedis");
  const members = Array.from({ length: elements }, (_, number) => `member ${number}`);
  await connection.replies([
    ["SADD", "set", ...members],
    ["HSET", "hash", ...members.flatMap((member) => [member, "value"])],
    ["PEXPIREAT", "hash", expiryMs],
    ["RPUSH", "list", ...members],
    ["SET", "string", Buffer.alloc(1_000_000, "text")],
  ]);
});
afterEach(async () => {
  connection.close();
  await server.close();
});

const ask = async (...words: Word[]): Promise<string> => String((await connection.reply(...words)).text);

/** A snapshot in the memory that the test takes step by step. */
function begin(): { readonly snapshot: Snapshot; readonly load: () => Promise<RespConnection> } {
  const chunks: Uint8Array[] = [];
  const { snapshot, end } = beginFile(server.server, "dump", (bytes) => void chunks.push(bytes.slice()));
  return {
    snapshot,
    async load() {
      while (!snapshot.step(() => false));
      end();
      const path = join(temporaryFolder("large-values"), "dump.rdb");
      writeFileSync(path, Buffer.concat(chunks));
      const target = await startOpenServer({ port: 0, memory: true });
      loadRdb(rdbTargetOf(target.server), path, { beforeLog: false, existing: "refuse" });
      return RespConnection.open(target.port, "loaded");
    },
  };
}

async function expectAll(loaded: RespConnection): Promise<void> {
  const number = async (...words: Word[]): Promise<number> => Number((await loaded.reply(...words)).text);
  expect(await number("SCARD", "set")).toBe(elements);
  expect(await number("HLEN", "hash")).toBe(elements);
  expect(await number("LLEN", "list")).toBe(elements);
  expect(await number("STRLEN", "string")).toBe(1_000_000);
  expect(await number("PEXPIRETIME", "hash")).toBe(expiryMs);
  expect(await number("PEXPIRETIME", "set")).toBe(-1);
  expect(await number("DBSIZE")).toBe(4);
  loaded.close();
}

describe("a snapshot that has not reached a large value takes it later, as it was, when the value", () => {
  const changes: Readonly<Record<string, Word[][]>> = {
    "is removed": [
      ["DEL", "set", "string"],
      ["UNLINK", "hash"],
    ],
    "gets an expiry": [
      ["PEXPIREAT", "set", expiryMs + 1],
      ["EXPIRE", "list", 1000],
    ],
    "gets another expiry, and loses it": [
      ["PEXPIREAT", "hash", expiryMs + 1],
      ["PERSIST", "hash"],
    ],
    "gets an expiry and is removed": [
      ["PEXPIREAT", "set", expiryMs],
      ["DEL", "set"],
    ],
    "is replaced": [
      ["SET", "hash", "small", "KEEPTTL"],
      ["SETEX", "set", 1000, "small"],
      ["MSET", "string", "small", "list", "small"],
    ],
    "expires when a client asks for it": [["PEXPIREAT", "set", 1]],
    "is flushed": [["FLUSHALL"]],
    "is copied": [
      ["COPY", "set", "copy"],
      ["COPY", "list", "hash", "REPLACE"],
      ["COPY", "string", "string", "DB", 1],
    ],
    "is a source": [
      ["SUNIONSTORE", "union", "set", "missing"],
      ["ZUNIONSTORE", "sorted", 1, "set"],
      ["ZRANGESTORE", "range", "sorted", 0, 5],
      ["SORT", "set", "BY", "nosort", "LIMIT", 0, 1],
      ["BITOP", "NOT", "inverted", "string"],
    ],
    "is a source and the target": [
      ["SDIFFSTORE", "set", "set", "missing"],
      ["SORT", "list", "ALPHA", "STORE", "list"],
      ["BITOP", "NOT", "string", "string"],
    ],
    "is replaced by a result": [
      ["SADD", "other", "member"],
      ["SINTERSTORE", "hash", "other"],
      ["GEOADD", "places", 1, 1, "member"],
      ["GEOSEARCHSTORE", "list", "places", "FROMMEMBER", "member", "BYRADIUS", 1, "km"],
      ["GETSET", "string", "small"],
    ],
    "is read and removed": [["GETDEL", "string"]],
  };
  for (const [what, commands] of Object.entries(changes)) {
    test(what, async () => {
      const { snapshot, load } = begin();
      for (const words of commands) expect((await connection.reply(...words)).sign).not.toBe("-");
      expect(snapshot.taken).toBe(0);
      await expectAll(await load());
    });

    test(`${what} while it is half taken`, async () => {
      const { snapshot, load } = begin();
      for (let step = 0; step < 40; step++) snapshot.step(() => true);
      for (const words of commands) expect((await connection.reply(...words)).sign).not.toBe("-");
      await expectAll(await load());
    });
  }

  test("is evicted", async () => {
    const { snapshot, load } = begin();
    const { keyspace } = server.server;
    const [database] = keyspace.databases;
    database?.evict(database.find(Buffer.from("set"), 0, 3));
    expect(snapshot.taken).toBe(0);
    await expectAll(await load());
  });
});

test("the memory of values that a snapshot has kept aside is free after it", async () => {
  const { keyspace } = server.server;
  await ask("FLUSHALL");
  keyspace.releaseSome(() => false);
  const emptyBytes = keyspace.heap.usedBytes;
  await connection.reply("SADD", "set", ...Array.from({ length: elements }, (_, number) => `member ${number}`));
  const { snapshot, load } = begin();
  await ask("PEXPIREAT", "set", expiryMs);
  await ask("DEL", "set");
  expect(keyspace.heap.usedBytes).toBeGreaterThan(emptyBytes + elements);
  (await load()).close();
  keyspace.releaseSome(() => false);
  expect(snapshot.taken).toBe(1);
  expect(keyspace.heap.usedBytes).toBe(emptyBytes);
});

test("eviction during a snapshot frees a large value before it evicts another key", async () => {
  const { keyspace } = server.server;
  const { snapshot } = begin();
  const outcome = new Eviction(keyspace).run({
    policy: evictionPolicy("allkeys-random"),
    samples: 5,
    limitBytes: keyspace.usedBytes - 1,
    spent: () => false,
  });
  expect(outcome).toBe("enough");
  expect(keyspace.statistics.evicted).toBe(1);
  while (!snapshot.step(() => false));
});

describe("while a snapshot is written in the background,", () => {
  const changes: Readonly<Record<string, Word[][]>> = {
    HSET: [["HSET", "hash", "new", "value"]],
    RENAME: [["RENAME", "set", "renamed"]],
    "a transaction": [["MULTI"], ["LPUSH", "list", "new"], ["EXEC"]],
    "a script": [["EVAL", "return redis.call('SADD', KEYS[1], 'new')", 1, "set"]],
  };
  for (const [what, commands] of Object.entries(changes)) {
    test(`${what} on a large value waits for its pieces, and others are served`, async () => {
      const path = join(temporaryFolder("large-values"), "dump.rdb");
      const other = await RespConnection.open(server.port, "other");
      // Pauses between the pieces, in microseconds, so that the other client is there in time on every machine.
      await other.reply("CONFIG", "SET", "rdb-key-save-delay", 5000);
      const checks = server.server.checks.count;
      const work = new BackgroundSnapshot(server.server, new BackgroundFile(path), (emit) =>
        beginFile(server.server, "dump", emit),
      );
      const order: string[] = [];
      const changed = connection.replies(commands).then((replies) => {
        order.push("changed");
        return replies.at(-1);
      });
      // The change arrives first, and the other client's request is answered first.
      await waitUntil(() => [...server.server.clients.connected.values()].some(({ client }) => client.isHeld), {
        what: "the held request",
        timeoutMs: 10_000,
        intervalMs: 0,
      });
      await other.reply("SET", "small", "value").then(() => order.push("other"));
      expect((await changed)?.sign).not.toBe("-");
      expect(order).toEqual(["other", "changed"]);
      await other.reply("CONFIG", "SET", "rdb-key-save-delay", 0);
      await work.done;
      expect(server.server.checks.count).toBe(checks);
      const target = await startOpenServer({ port: 0, memory: true });
      loadRdb(rdbTargetOf(target.server), path, { beforeLog: false, existing: "refuse" });
      await expectAll(await RespConnection.open(target.port, "loaded"));
      other.close();
    });
  }

  test("INFO and CLIENT LIST show a client that waits for a large value", async () => {
    const other = await RespConnection.open(server.port, "other");
    const { snapshot, end } = beginFile(server.server, "dump", () => {});
    const awaited = new AwaitedValues(server.server, snapshot);
    const shown = async (): Promise<unknown[]> => [
      /blocked_clients:\d+/.exec((await other.reply("INFO", "clients")).text ?? "")?.[0],
      (await other.reply("CLIENT", "LIST")).text?.split("\n").filter((line) => line.includes(" flags=b ")).length,
    ];
    const waiting = await RespConnection.open(server.port, "MyRedis");
    const changed = waiting.reply("SADD", "set", "new");
    await waitUntil(async () => (await shown())[1] === 1, { what: "a waiting client", timeoutMs: 10_000 });
    expect(await shown()).toEqual(["blocked_clients:1", 1]);
    while (!snapshot.step(() => false));
    end();
    awaited.end();
    expect((await changed).text).toBe("1");
    expect(await shown()).toEqual(["blocked_clients:0", 0]);
    waiting.close();
    other.close();
  });

  test("a held request runs when the snapshot is given up", async () => {
    const path = join(temporaryFolder("large-values"), "dump.rdb");
    const work = new BackgroundSnapshot(server.server, new BackgroundFile(path), (emit) =>
      beginFile(server.server, "dump", emit),
    );
    const failed = work.done.catch((error: Error) => error.message);
    const changed = ask("HSET", "hash", "new", "value");
    work.cancel();
    expect(await changed).toBe("1");
    expect(await failed).toBe("the snapshot was given up");
  });
});
