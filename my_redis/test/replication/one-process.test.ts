import { describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import {
  freeTemporarySnapshot,
  removeTemporarySnapshots,
  temporarySnapshot,
} from "../../src/persistence/snapshot/temporary-snapshots.ts";
import { closedAfterEach, expectSameData, infoField, startMyRedis, type TestServer } from "./replication-servers.ts";

const keys = 10_000;

describe("servers of one process, with one dir and dbfilename,", () => {
  const started = closedAfterEach();

  async function startWith(prefix: string, dir: string): Promise<TestServer> {
    const server = await started(startMyRedis({ dir }));
    await server.ask("DEBUG", "POPULATE", String(keys), prefix, "50");
    return server;
  }

  test("each take in the snapshot of their own primary", async () => {
    const primaries = [
      await startWith("first", temporaryFolder("primary")),
      await startWith("second", temporaryFolder("primary")),
    ];
    const dir = temporaryFolder("shared");
    const replicas = [await startWith("old", dir), await startWith("old", dir)];
    const follow = (server: TestServer, at: number): Promise<string> =>
      server.ask("REPLICAOF", "127.0.0.1", (primaries[at] as TestServer).port);
    await Promise.all(replicas.map(follow));
    for (const [at, replica] of replicas.entries()) await expectSameData(primaries[at] as TestServer, replica);
    expect(replicas.map((replica) => replica.log()).join("\n")).not.toContain("is not followed");
  }, 60_000);

  test("write whole snapshots at the same time", async () => {
    const dir = temporaryFolder("shared");
    const servers = [await startWith("first", dir), await startWith("second", dir)];
    await Promise.all(servers.map((server) => server.ask("BGSAVE")));
    for (const server of servers) {
      await waitUntil(async () => (await infoField(server, "rdb_bgsave_in_progress", "persistence")) === "0", {
        what: "the end of BGSAVE",
        timeoutMs: 20_000,
      });
      expect(await infoField(server, "rdb_last_bgsave_status", "persistence")).toBe("ok");
    }
    const again = await started(startMyRedis({ dir }));
    const digests = [await servers[0]?.ask("DEBUG", "DIGEST"), await servers[1]?.ask("DEBUG", "DIGEST")];
    expect(digests).toContain(await again.ask("DEBUG", "DIGEST"));
  }, 60_000);
});

test("the start of a server removes what is left of snapshots, and not what another server of the process uses", () => {
  const path = join(temporaryFolder("snapshot"), "dump.rdb");
  const used = [temporarySnapshot(path, "replica"), temporarySnapshot(path, "replica")];
  expect(new Set(used).size).toBe(2);
  for (const name of used) writeFileSync(name, "");
  removeTemporarySnapshots(path);
  expect(used.map((name) => existsSync(name))).toEqual([true, true]);
  for (const name of used) freeTemporarySnapshot(name);
  removeTemporarySnapshots(path);
  expect(used.map((name) => existsSync(name))).toEqual([false, false]);
});
