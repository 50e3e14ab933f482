import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { BackgroundFile } from "../../src/persistence/background-file.ts";
import { BackgroundSnapshot, SnapshotCancelledError } from "../../src/persistence/snapshot/background-snapshot.ts";
import { loadRdb } from "../../src/persistence/rdb/rdb-loader.ts";
import { rdbTargetOf } from "../../src/persistence/snapshot/rdb-target.ts";
import { beginFile } from "../../src/persistence/snapshot/snapshot-file.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

let server: OpenServer;
let connection: RespConnection;

beforeEach(async () => {
  server = await startOpenServer({ port: 0, memory: true });
  connection = await RespConnection.open(server.port, "MyRedis");
  const numbers = Array.from({ length: 30_000 }, (_, number) => number);
  await connection.reply("MSET", ...numbers.flatMap((number) => [`key:${number}`, `a value of some length ${number}`]));
  await connection.reply("RPUSH", "list", ...numbers.slice(0, 3000));
});
afterEach(async () => {
  connection.close();
  await server.close();
});

const write = (path: string): BackgroundSnapshot =>
  new BackgroundSnapshot(server.server, new BackgroundFile(path), (emit) => beginFile(server.server, "dump", emit));

const isOver = async (): Promise<void> =>
  waitUntil(() => server.server.keyspace.snapshot === undefined, { timeoutMs: 10_000, what: "the walk to end" });

/** Writes another snapshot, and compares its contents with the dataset. */
async function expectWholeSnapshot(): Promise<void> {
  const path = join(temporaryFolder("background"), "dump.rdb");
  await write(path).done;
  const target = await startOpenServer({ port: 0, memory: true });
  expect(loadRdb(rdbTargetOf(target.server), path, { beforeLog: false, existing: "refuse" }).keys).toBe(30_001);
  const copy = await RespConnection.open(target.port, "loaded");
  const [own, loaded] = [await connection.reply("LRANGE", "list", 0, -1), await copy.reply("LRANGE", "list", 0, -1)];
  expect(loaded).toEqual(own);
  expect((await copy.reply("GET", "key:7")).text).toBe((await connection.reply("GET", "key:7")).text);
  copy.close();
  await target.close();
}

describe("a snapshot that fails leaves no trace in the next one:", () => {
  test("the disk was full", async () => {
    const snapshot = write("/dev/full");
    await connection.reply("SET", "key:7", "changed meanwhile");
    await expect(snapshot.done).rejects.toThrow(/ENOSPC/);
    await isOver();
    await expectWholeSnapshot();
  });

  test("it was given up", async () => {
    const snapshot = write(join(temporaryFolder("background"), "dump.rdb"));
    await waitUntil(() => snapshot.snapshot.taken > 100, { timeoutMs: 10_000, what: "some records", intervalMs: 1 });
    snapshot.cancel();
    await expect(snapshot.done).rejects.toThrow(SnapshotCancelledError);
    expect(server.server.keyspace.snapshot).toBeUndefined();
    await expectWholeSnapshot();
  });

  test("it could not be encoded, while a client changed data, which succeeded", async () => {
    const { snapshot } = beginFile(server.server, "dump", () => {
      throw new Error("no encoding today");
    });
    for (let number = 0; number < 30_000; number += 1000) {
      const words = Array.from({ length: 1000 }, (_, index) => [`key:${number + index}`, "changed meanwhile"]).flat();
      expect((await connection.reply("MSET", ...words)).text).toBe("OK");
    }
    while (!snapshot.step(() => false));
    expect(snapshot.failure?.message).toBe("no encoding today");
    await expectWholeSnapshot();
  });
});
