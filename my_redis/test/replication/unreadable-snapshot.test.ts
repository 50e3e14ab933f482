import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { closedAfterEach, expectSameData, infoField, startMyRedis, type TestServer } from "./replication-servers.ts";
import { ScriptedPrimary } from "./scripted-primary.ts";

const ways = ["disabled", "on-empty-db", "swapdb"];

describe("a replica keeps and serves its data when its primary's snapshot", () => {
  const started = closedAfterEach();
  const scripted: ScriptedPrimary[] = [];
  afterEach(async () => {
    for (const primary of scripted.splice(0)) await primary.close();
  });

  /** A replica with data. */
  async function replicaWithData(way: string, directives: Readonly<Record<string, string>> = {}): Promise<TestServer> {
    const replica = await started(startMyRedis({ "repl-diskless-load": way, ...directives }));
    await replica.ask("SET", "old", "1");
    await replica.ask("SELECT", "2");
    await replica.ask("RPUSH", "list", "a", "b");
    return replica;
  }

  async function expectDataKept(replica: TestServer, why: string | RegExp): Promise<void> {
    await waitUntil(() => replica.log().includes("is not followed"), { what: "the failure", timeoutMs: 20_000 });
    expect(replica.log()).toMatch(why);
    expect(replica.log()).toContain("this server keeps its data");
    expect(await replica.ask("LRANGE", "list", "0", "-1")).toContain("b");
    await replica.ask("SELECT", "0");
    expect(await replica.ask("GET", "old")).toContain("1");
    expect(await replica.ask("DBSIZE")).toBe(":1");
    expect(await infoField(replica, "master_link_status")).toBe("down");
  }

  for (const way of ways) {
    test(`has more databases than it may have, with repl-diskless-load ${way}; later it follows`, async () => {
      const primary = await started(startMyRedis());
      await primary.ask("SET", "new", "1");
      await primary.ask("SELECT", "9");
      await primary.ask("SET", "high", "1");
      const replica = await replicaWithData(way, { databases: "4" });
      await replica.ask("REPLICAOF", "127.0.0.1", primary.port);
      await expectDataKept(replica, /database 9, where 'databases 4' allows less/);
      await primary.ask("FLUSHDB");
      await expectSameData(primary, replica);
      expect(await replica.ask("GET", "new")).toContain("1");
    }, 60_000);
  }

  async function snapshotOf(keys: number): Promise<Buffer> {
    const server = await started(startMyRedis());
    await server.ask("DEBUG", "POPULATE", String(keys), "new", "50");
    await server.ask("SAVE");
    const { dir, dbfilename } = server.inner.server.settings.values;
    return readFileSync(join(dir, dbfilename));
  }

  const damages: readonly (readonly [string, RegExp, (bytes: Buffer) => Buffer])[] = [
    ["has a wrong checksum", /the checksum does not fit/, (bytes) => bytes.fill(0x41, bytes.length - 8)],
    ["is of a version that it does not know", /version 99 of the format/, (bytes) => bytes.fill("0099", 5, 9)],
    ["is none", /no snapshot of Redis/, (bytes) => bytes.fill("x", 0, 5)],
    ["is cut off", /announced where|ended/, (bytes) => bytes.subarray(0, bytes.length / 2)],
  ];
  for (const [what, why, damage] of damages) {
    for (const way of ["disabled", "swapdb"]) {
      test(`${what}, with repl-diskless-load ${way}`, async () => {
        const primary = await ScriptedPrimary.open(damage(await snapshotOf(1000)));
        scripted.push(primary);
        const replica = await replicaWithData(way);
        await replica.ask("REPLICAOF", "127.0.0.1", primary.port);
        await expectDataKept(replica, why);
      }, 60_000);
    }
  }

  for (const way of ways) {
    test(`has a key twice, with repl-diskless-load ${way}`, async () => {
      const key = (value: string): string => `\0\u0001a\u0001${value}`;
      // Without a checksum: 8 zeros.
      const snapshot = `REDIS0010\u00FE\0${key("1")}${key("2")}\u00FF${"\0".repeat(8)}`;
      const primary = await ScriptedPrimary.open(Buffer.from(snapshot, "latin1"));
      scripted.push(primary);
      const replica = await replicaWithData(way);
      await replica.ask("REPLICAOF", "127.0.0.1", primary.port);
      await expectDataKept(replica, /the key 'a' for the second time/);
    }, 60_000);
  }

  test("is loaded beside it above maxmemory: nothing is evicted", async () => {
    const snapshot = await snapshotOf(30_000);
    const primary = await ScriptedPrimary.open(snapshot.fill(0x41, snapshot.length - 8));
    scripted.push(primary);
    const replica = await started(
      startMyRedis({
        "repl-diskless-load": "swapdb",
        "maxmemory-policy": "allkeys-random",
        "replica-ignore-maxmemory": "no",
      }),
    );
    await replica.ask("DEBUG", "POPULATE", "3000", "old", "50");
    const used = Number(await infoField(replica, "used_memory", "memory"));
    await replica.ask("CONFIG", "SET", "maxmemory", String(Math.ceil(used * 1.2)));
    await replica.ask("REPLICAOF", "127.0.0.1", primary.port);
    let largest = 0;
    await waitUntil(
      async () => {
        largest = Math.max(largest, Number(await infoField(replica, "used_memory", "memory")));
        return replica.log().includes("keeps its data");
      },
      { what: "the failure", timeoutMs: 20_000, intervalMs: 1 },
    );
    expect(largest).toBeGreaterThan(used * 1.2);
    expect(await replica.ask("DBSIZE")).toBe(":3000");
    expect(await infoField(replica, "evicted_keys", "stats")).toBe("0");
  }, 60_000);

  test("is no longer wanted while it is loaded", async () => {
    const primary = await ScriptedPrimary.open(await snapshotOf(200_000));
    scripted.push(primary);
    const replica = await replicaWithData("swapdb");
    await replica.ask("REPLICAOF", "127.0.0.1", primary.port);
    await waitUntil(async () => (await infoField(replica, "async_loading", "persistence")) === "1", {
      what: "the snapshot to be loaded",
      timeoutMs: 20_000,
    });
    await replica.ask("REPLICAOF", "NO", "ONE");
    await replica.ask("SELECT", "0");
    expect(await replica.ask("DBSIZE")).toBe(":1");
    expect(await replica.ask("SET", "old", "2")).toBe("+OK");
  }, 60_000);
});

describe("repl-diskless-load swapdb", () => {
  const started = closedAfterEach();

  for (const serves of ["yes", "no"]) {
    test(`serves the old data until the new is whole, with replica-serve-stale-data ${serves}`, async () => {
      const primary = await started(startMyRedis());
      await primary.ask("DEBUG", "POPULATE", "200000", "new", "50");
      await primary.ask("SET", "key", "new");
      const replica = await started(
        startMyRedis({ "repl-diskless-load": "swapdb", "replica-serve-stale-data": serves, appendonly: "yes" }),
      );
      await replica.ask("SET", "key", "old");
      await replica.ask("REPLICAOF", "127.0.0.1", primary.port);
      const seen = new Set<string>();
      await waitUntil(
        async () => {
          const isLoading = (await infoField(replica, "async_loading", "persistence")) === "1";
          const reply = await replica.ask("GET", "key");
          if (isLoading && !reply.includes("new")) seen.add(reply);
          return reply.includes("new");
        },
        { what: "the new data", timeoutMs: 30_000, intervalMs: 1 },
      );
      expect([...seen]).toEqual([
        serves === "yes" ? expect.stringContaining("old") : expect.stringMatching(/^-MASTERDOWN/),
      ]);
      await primary.ask("SET", "after", "1");
      await expectSameData(primary, replica);
      // Its log holds the new data, too.
      const { dir } = replica.inner.server.settings.values;
      const digest = await replica.ask("DEBUG", "DIGEST");
      await replica.inner.close();
      const again = await started(startMyRedis({ appendonly: "yes", dir }));
      expect(await again.ask("DEBUG", "DIGEST")).toBe(digest);
    }, 60_000);
  }

  test("passes the new data on to a replica of the replica", async () => {
    const primaries = [await started(startMyRedis()), await started(startMyRedis())];
    for (const [number, primary] of primaries.entries()) await primary.ask("SET", `of ${number}`, "1");
    const middle = await started(startMyRedis({ "repl-diskless-load": "swapdb" }));
    const last = await started(startMyRedis());
    await last.ask("REPLICAOF", "127.0.0.1", middle.port);
    for (const primary of primaries) {
      await middle.ask("REPLICAOF", "127.0.0.1", primary.port);
      await expectSameData(primary, middle);
      await primary.ask("SET", "after", "1");
      await expectSameData(primary, last);
    }
  }, 60_000);
});
