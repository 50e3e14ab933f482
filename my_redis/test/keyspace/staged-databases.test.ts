import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import type { Keyspace } from "../../src/keyspace/keyspace.ts";
import { Snapshot } from "../../src/keyspace/snapshot.ts";
import { StagedDatabases } from "../../src/keyspace/staged-databases.ts";
import { RdbFile } from "../../src/persistence/rdb/rdb-file.ts";
import { SteppedRdbLoad } from "../../src/persistence/rdb/rdb-loader.ts";
import { rdbTargetOf } from "../../src/persistence/snapshot/rdb-target.ts";
import { writeFileNow } from "../../src/persistence/snapshot/snapshot-file.ts";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

describe("staged databases", () => {
  const open: OpenServer[] = [];
  afterEach(async () => {
    for (const server of open.splice(0)) await server.close();
  });

  async function serverWith(...commands: (string | number)[][]): Promise<OpenServer> {
    const server = await startOpenServer({ port: 0, memory: true, "enable-debug-command": "yes" });
    open.push(server);
    const connection = await RespConnection.open(server.port, "MyRedis");
    await connection.replies(commands);
    connection.close();
    return server;
  }

  /** A server with old keys, the staged databases, and what reads a snapshot of new keys into them. */
  async function begun(keeps: "all" | "nothing") {
    const source = await serverWith(["DEBUG", "POPULATE", 2000, "new"], ["SELECT", 3], ["SADD", "set", "a", "b"]);
    const path = join(temporaryFolder("staged"), "dump.rdb");
    writeFileNow(source.server, path, "dump");
    const { server } = await serverWith(["DEBUG", "POPULATE", 10, "old"]);
    const bytesBefore = server.keyspace.usedBytes;
    const staged = new StagedDatabases(server.keyspace);
    const target = { ...rdbTargetOf(server), databases: staged.databases };
    const file = new RdbFile(path);
    const reading = new SteppedRdbLoad(target, file, { beforeLog: true, existing: "refuse", keeps });
    return { keyspace: server.keyspace, bytesBefore, staged, reading, file };
  }

  const some = (count: number) => {
    let left = count;
    return () => left-- === 0;
  };
  const never = () => false;

  /** Keys of each database, as a snapshot finds them. */
  function snapshotOf(keyspace: Keyspace): Record<number, number> {
    const found: Record<number, number> = {};
    const record = (number: number): void => void (found[number] = (found[number] ?? 0) + 1);
    const snapshot = new Snapshot(keyspace, { record, pieces: (number) => (record(number), [][Symbol.iterator]()) });
    snapshot.step(never);
    return found;
  }

  test("are seen by nobody until they take their place, all at once", async () => {
    const { file, keyspace, reading, staged } = await begun("all");
    expect(reading.step(some(500))).toBeUndefined();
    expect(keyspace.database(0).size).toBe(10);
    expect(reading.step(never)?.keys).toBe(2001);
    expect(keyspace.database(0).size).toBe(10);
    staged.takePlace();
    file.close();
    expect([keyspace.database(0).size, keyspace.database(3).size]).toEqual([2000, 1]);
  });

  test("are in the next snapshot also when one was taken while they were filled", async () => {
    const { file, keyspace, reading, staged } = await begun("all");
    reading.step(some(500));
    expect(snapshotOf(keyspace)).toEqual({ 0: 10 });
    reading.step(some(500));
    expect(snapshotOf(keyspace)).toEqual({ 0: 10 });
    reading.step(never);
    staged.takePlace();
    file.close();
    expect(snapshotOf(keyspace)).toEqual({ 0: 2000, 3: 1 });
  });

  for (const keeps of ["all", "nothing"] as const) {
    test(`leave no memory in use when they are dropped (${keeps})`, async () => {
      const { bytesBefore, file, keyspace, reading, staged } = await begun(keeps);
      reading.step(some(700));
      file.close();
      staged.drop();
      keyspace.releaseSome(never);
      expect(keyspace.usedBytes).toBe(bytesBefore);
    });
  }
});
