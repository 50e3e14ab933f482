import { afterEach, describe, expect, test } from "bun:test";
import { truncateSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import type { Services } from "../../src/dispatch/context.ts";
import { Snapshot } from "../../src/keyspace/snapshot.ts";
import { writeFileNow } from "../../src/persistence/snapshot/snapshot-file.ts";
import { SnapshotIntake } from "../../src/replication/snapshot-intake.ts";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));
const never = (): boolean => false;

for (const way of ["disabled", "swapdb"] as const) {
  describe(`a snapshot that is taken in, with repl-diskless-load ${way},`, () => {
    const open: OpenServer[] = [];
    afterEach(async () => {
      for (const server of open.splice(0)) await server.close();
    });

    async function serverWith(keys: number): Promise<Services> {
      const options = { port: 0, memory: true, "repl-diskless-load": way, "enable-debug-command": "yes" } as const;
      const started = await startOpenServer(options);
      open.push(started);
      const connection = await RespConnection.open(started.port, "MyRedis");
      await connection.reply("DEBUG", "POPULATE", keys, `of ${keys}`);
      connection.close();
      return started.server;
    }

    /** A server with 10 keys takes in 1000. */
    async function scene(replaced: (path: string) => void = () => {}) {
      const path = join(temporaryFolder("intake"), "dump.rdb");
      writeFileNow(await serverWith(1000), path, "dump");
      const inner = await serverWith(10);
      const seen = { replaced: 0, looks: 0, ends: [] as boolean[] };
      const execution = {
        isAtRest: true,
        asLoading: <Result>(run: () => Result): Result => inner.execution.asLoading(run),
      };
      const monotonicMs = (): number => (seen.looks++, inner.environment.monotonicMs());
      const environment = { ...inner.environment, monotonicMs };
      const server: Services = Object.create(inner, {
        execution: { value: execution },
        environment: { value: environment },
      });
      const intake = new SnapshotIntake({
        server,
        path,
        onReplace: () => {
          seen.replaced++;
          replaced(path);
        },
        onEnd: (_failure, isIntact) => void seen.ends.push(isIntact),
      });
      const ended = (): Promise<void> => waitUntil(() => seen.ends.length > 0, { what: "its end", timeoutMs: 10_000 });
      const size = (): number => inner.keyspace.database(0).size;
      return { ended, execution, intake, keyspace: inner.keyspace, seen, size };
    }

    test("says that all data is replaced, so that replicas of this server ask anew", async () => {
      const { ended, intake, seen, size } = await scene();
      intake.begin();
      await ended();
      expect([seen.replaced, seen.ends, size()]).toEqual([1, [true], 1000]);
    });

    test("waits for a script and for a running snapshot", async () => {
      const { ended, execution, intake, keyspace, seen, size } = await scene();
      const snapshot = new Snapshot(keyspace, { record: () => {}, pieces: () => [][Symbol.iterator]() });
      execution.isAtRest = false;
      intake.begin();
      await pause();
      expect([seen.replaced, size()]).toEqual([0, 10]);
      execution.isAtRest = true;
      await pause();
      expect([seen.replaced, size(), keyspace.snapshot === snapshot]).toEqual([0, 10, true]);
      execution.isAtRest = false;
      while (!snapshot.step(never));
      await pause();
      expect([seen.replaced, size()]).toEqual([0, 10]);
      execution.isAtRest = true;
      await ended();
      expect(size()).toBe(1000);
    });

    test("does nothing more after it was cancelled", async () => {
      for (const isWaiting of [false, true]) {
        const { execution, intake, keyspace, seen, size } = await scene();
        execution.isAtRest = !isWaiting;
        intake.begin();
        if (isWaiting) await pause();
        intake.cancel();
        execution.isAtRest = true;
        const { looks } = seen;
        await pause();
        expect(seen).toEqual({ replaced: 0, looks, ends: [] });
        expect([size(), keyspace.isStaging]).toEqual([10, false]);
      }
    });

    // With swapdb there is no second reading.
    if (way === "swapdb") return;
    test("leaves no half of it when the second reading fails", async () => {
      const { ended, intake, seen, size } = await scene((path) => truncateSync(path, 5000));
      intake.begin();
      await ended();
      expect([seen.ends, size()]).toEqual([[false], 0]);
    });
  });
}
