import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { closedAfterEach, infoField, startMyRedis, type TestServer, untilConnected } from "./replication-servers.ts";

const dayMs = 86_400_000;

/** The wall clock is set by an operator, or by the network. Durations must not follow it. */
describe("when the clock is set", () => {
  const started = closedAfterEach();

  async function startWithClock(directives: Readonly<Record<string, string>> = {}) {
    let changedMs = 0;
    const server = await started(startMyRedis(directives, { nowMs: () => Date.now() + changedMs }));
    return { server, change: (byMs: number) => void (changedMs += byMs) };
  }

  const isOnline = async (primary: TestServer): Promise<boolean> =>
    (await infoField(primary, "slave0"))?.includes("state=online") === true;
  const untilOnline = (primary: TestServer): Promise<void> =>
    waitUntil(() => isOnline(primary), { what: "the replica to be online", timeoutMs: 10_000 });

  test("back, a replica that has lost its primary connects again soon", async () => {
    const primary = await started(startMyRedis());
    const { server: replica, change } = await startWithClock({ replicaof: `127.0.0.1 ${primary.port}` });
    await untilConnected(replica);
    change(-dayMs);
    // Two losses: the pause after the first one may have begun before the clock was set.
    for (let loss = 1; loss <= 2; loss++) {
      await untilOnline(primary);
      expect(await primary.ask("CLIENT", "KILL", "TYPE", "replica")).toBe(":1");
      await waitUntil(async () => !(await isOnline(primary)), { what: "the loss", timeoutMs: 10_000 });
      if (loss === 1) change(-dayMs);
    }
    await untilOnline(primary);
  }, 60_000);

  test("back, a replica that waits for others to share its snapshot gets it all the same", async () => {
    const { server: primary, change } = await startWithClock({ "repl-diskless-sync-delay": "1" });
    await started(startMyRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
    await waitUntil(async () => (await infoField(primary, "slave0"))?.includes("state=wait_bgsave") === true, {
      what: "the replica to wait",
      timeoutMs: 10_000,
    });
    change(-dayMs);
    await untilOnline(primary);
  }, 60_000);

  test("back, a primary counts for how long a replica has been silent, and min-replicas-max-lag holds", async () => {
    const { server: primary, change } = await startWithClock();
    await started(startMyRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
    await untilOnline(primary);
    change(-dayMs);
    expect(await infoField(primary, "slave0")).toMatch(/,lag=[01]$/);
  }, 60_000);

  test("the client list tells how long a replica has been silent by the same clock as of other clients", async () => {
    const primary = await started(startMyRedis());
    await started(startMyRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
    await untilOnline(primary);
    expect(await primary.ask("CLIENT", "LIST", "TYPE", "replica")).toMatch(/ age=\d idle=\d /);
  }, 60_000);

  test("forward, neither side takes the other one for silent", async () => {
    const { server: primary, change: changePrimary } = await startWithClock();
    const { server: replica, change: changeReplica } = await startWithClock({
      replicaof: `127.0.0.1 ${primary.port}`,
    });
    await untilOnline(primary);
    const syncs = await infoField(primary, "sync_full", "stats");
    changePrimary(dayMs);
    changeReplica(dayMs);
    // Both look after their connections once a second.
    await Bun.sleep(1500);
    expect(await infoField(primary, "sync_partial_ok", "stats")).toBe("0");
    expect(await infoField(primary, "sync_full", "stats")).toBe(syncs as string);
    expect(`${primary.log()}\n${replica.log()}`).not.toContain("nothing was heard");
  }, 60_000);
});
