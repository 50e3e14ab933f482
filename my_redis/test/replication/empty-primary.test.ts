import { describe, expect, test } from "bun:test";
import { freePort, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import {
  closedAfterEach,
  expectSameData,
  infoField,
  startMyRedis,
  type TestServer,
  untilConnected,
} from "./replication-servers.ts";

describe("replica-refuse-empty-primary", () => {
  const started = closedAfterEach();

  async function replicaOfALostPrimary(
    directives: Readonly<Record<string, string>>,
  ): Promise<readonly [Awaited<ReturnType<typeof startMyRedis>>, Awaited<ReturnType<typeof startMyRedis>>]> {
    const port = String(await freePort());
    const primary = await startMyRedis({ port });
    await primary.ask("SET", "kept", "1");
    const replica = await started(startMyRedis({ replicaof: `127.0.0.1 ${port}`, ...directives }));
    await expectSameData(primary, replica);
    await primary.close();
    return [await started(startMyRedis({ port })), replica];
  }

  test("keeps the data of a replica whose primary has lost its own, until an operator gives it up", async () => {
    const [primary, replica] = await replicaOfALostPrimary({ "replica-refuse-empty-primary": "yes" });
    await waitUntil(() => replica.log().includes("it has no data, and another history"), {
      what: "the refusal",
      timeoutMs: 20_000,
    });
    expect(await replica.ask("GET", "kept")).toContain("1");
    expect(await infoField(replica, "master_link_status")).toBe("down");
    expect(replica.log()).toContain("keeps its 1 keys");
    // The operator decides for the primary.
    await replica.ask("CONFIG", "SET", "replica-refuse-empty-primary", "no");
    await expectSameData(primary, replica);
    expect(await replica.ask("GET", "kept")).toBe("$nil");
  }, 60_000);

  test("the replica can be made the primary instead, and the old one takes its data", async () => {
    const [primary, replica] = await replicaOfALostPrimary({ "replica-refuse-empty-primary": "yes" });
    await waitUntil(() => replica.log().includes("it has no data"), { what: "the refusal", timeoutMs: 20_000 });
    await replica.ask("REPLICAOF", "NO", "ONE");
    await primary.ask("REPLICAOF", "127.0.0.1", replica.port);
    await expectSameData(replica, primary);
    expect(await primary.ask("GET", "kept")).toContain("1");
  }, 60_000);

  test("follows a primary that has deleted all its data, and one that has other data", async () => {
    const primary = await started(startMyRedis({ "repl-backlog-size": "16384" }));
    await primary.ask("SET", "a", "1");
    const replica = await started(
      startMyRedis({ "replica-refuse-empty-primary": "yes", replicaof: `127.0.0.1 ${primary.port}` }),
    );
    await expectSameData(primary, replica);
    await primary.ask("FLUSHALL");
    await expectSameData(primary, replica);
    await primary.ask("SET", "a", "1");
    await expectSameData(primary, replica);
    const other = await started(startMyRedis());
    await other.ask("SET", "other", "1");
    await replica.ask("REPLICAOF", "127.0.0.1", other.port);
    await untilConnected(replica);
    await expectSameData(other, replica);
  }, 60_000);

  for (const [when, change] of [
    ["a FAILOVER", failOver],
    ["repl-backlog-ttl without a replica", outliveBacklog],
    ["a restart", restart],
  ] as const) {
    test(`follows a primary that has deleted all its data, and has another history since ${when}`, async () => {
      let passedMs = 0;
      const clock = { monotonicMs: () => performance.now() + passedMs };
      const small = { "repl-backlog-size": "16384", "replica-refuse-empty-primary": "yes" };
      const dir = temporaryFolder("emptied");
      const primary = await started(startMyRedis({ ...small, dir, "repl-backlog-ttl": "60" }, clock));
      await primary.ask("SET", "a", "1");
      const replicaof = `127.0.0.1 ${primary.port}`;
      const replica = await started(startMyRedis({ ...small, replicaof }));
      await expectSameData(primary, replica);
      await replica.ask("REPLICAOF", "127.0.0.1", await freePort());
      for (let number = 0; number < 32; number++) await primary.ask("SET", "much", "x".repeat(1024));
      await primary.ask("FLUSHALL");
      const next = await change({ primary, small, dir, pass: (ms) => (passedMs += ms) });
      await replica.ask("REPLICAOF", "127.0.0.1", next.port);
      await expectSameData(next, replica);
      expect(await replica.ask("DBSIZE")).toBe(":0");
      expect(await infoField(next, "sync_full", "stats")).not.toBe("0");
    }, 60_000);
  }

  interface Emptied {
    readonly primary: TestServer;
    readonly small: Readonly<Record<string, string>>;
    readonly dir: string;
    readonly pass: (ms: number) => void;
  }

  async function failOver({ primary, small }: Emptied): Promise<TestServer> {
    const other = await started(startMyRedis({ ...small, replicaof: `127.0.0.1 ${primary.port}` }));
    await expectSameData(primary, other);
    expect(await primary.ask("FAILOVER")).toBe("+OK");
    const isPrimary = async (): Promise<boolean> => (await infoField(other, "role")) === "master";
    await waitUntil(isPrimary, { what: "the other one to take over", timeoutMs: 20_000 });
    return other;
  }

  async function outliveBacklog({ primary, pass }: Emptied): Promise<TestServer> {
    pass(61_000);
    const isOver = async (): Promise<boolean> => (await infoField(primary, "repl_backlog_active")) === "0";
    await waitUntil(isOver, { what: "the backlog to be given up", timeoutMs: 20_000 });
    return primary;
  }

  async function restart({ primary, small, dir }: Emptied): Promise<TestServer> {
    await primary.ask("SAVE");
    await primary.close();
    return started(startMyRedis({ ...small, dir }));
  }

  test("refuses a primary that has started with an older snapshot, which has no data", async () => {
    const dir = temporaryFolder("older");
    const primary = await startMyRedis({ dir });
    const replica = await started(
      startMyRedis({ "replica-refuse-empty-primary": "yes", replicaof: `127.0.0.1 ${primary.port}` }),
    );
    await expectSameData(primary, replica);
    expect(await primary.ask("SAVE")).toBe("+OK");
    await primary.ask("SET", "kept", "1");
    await expectSameData(primary, replica);
    // It ends as after a crash: without another snapshot.
    await primary.close();
    const again = await started(startMyRedis({ dir }));
    await replica.ask("REPLICAOF", "127.0.0.1", again.port);
    await waitUntil(() => replica.log().includes("it has no data"), { what: "the refusal", timeoutMs: 20_000 });
    expect(await replica.ask("GET", "kept")).toContain("1");
  }, 60_000);

  test("by default a replica follows an empty primary, as redis-server's does", async () => {
    const [primary, replica] = await replicaOfALostPrimary({});
    await expectSameData(primary, replica);
    expect(await replica.ask("DBSIZE")).toBe(":0");
  }, 60_000);
});
