import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { BackgroundFile } from "../../src/persistence/background-file.ts";
import {
  BackgroundSnapshot,
  SnapshotCancelledError,
  type SnapshotSink,
} from "../../src/persistence/snapshot/background-snapshot.ts";
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

/** Keeps what it gets until it is emptied, as a replica that does not read. */
class StuckSink implements SnapshotSink {
  queuedBytes = 0;
  readonly hasFailed = false;
  readonly done = Promise.resolve();
  ended = false;

  write(bytes: Uint8Array): void {
    this.queuedBytes += bytes.length;
  }

  end(): void {
    this.ended = true;
  }

  fail(): void {}
}

test("the walk pauses while the sink is full, and goes on when it has room", async () => {
  const maxQueuedBytes = 8 * 1024 * 1024;
  await connection.reply("CONFIG", "SET", "rdbcompression", "no");
  for (let number = 0; number < 300; number++) {
    await connection.reply("SETRANGE", `long ${number}`, 99_999, "x");
  }
  const sink = new StuckSink();
  const snapshot = new BackgroundSnapshot(server.server, sink, (emit) => beginFile(server.server, "dump", emit));
  const fill = (): Promise<void> =>
    waitUntil(() => sink.queuedBytes >= maxQueuedBytes || sink.ended, { what: "a full sink", timeoutMs: 10_000 });
  for (let fills = 0; fills < 3; fills++) {
    await fill();
    await Bun.sleep(50);
    expect(sink.queuedBytes).toBeLessThan(maxQueuedBytes + 2_000_000);
    sink.queuedBytes = 0;
  }
  await fill();
  sink.queuedBytes = 0;
  await waitUntil(() => sink.ended, { what: "the end of the walk", timeoutMs: 10_000 });
  expect(snapshot.bytes).toBeGreaterThan(300 * 100_000);
});

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
