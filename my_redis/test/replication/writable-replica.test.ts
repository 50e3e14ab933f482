import { describe, expect, test } from "bun:test";
import { requireService, waitUntil } from "../../../tools/test-services/index.ts";
import { closedAfterEach, startMyRedis, startServer, type TestServer, untilConnected } from "./replication-servers.ts";

const redis = requireService("redis");

describe.skipIf(redis.missing)(`a writable replica${redis.reason}`, () => {
  const started = closedAfterEach();

  const untilSize = (server: TestServer, size: number): Promise<void> =>
    waitUntil(async () => (await server.ask("DBSIZE")) === `:${size}`, {
      what: `${server.name} to have ${size} keys`,
      timeoutMs: 20_000,
    });

  for (const kind of ["MyRedis", "redis-server"] as const) {
    test(`leaves expired keys to its primary, except where its clients write (${kind})`, async () => {
      const primary = await started(startMyRedis());
      await primary.ask("DEBUG", "SET-ACTIVE-EXPIRE", "0");
      const replica = await started(startServer(kind, { replicaof: `127.0.0.1 ${primary.port}` }));
      await untilConnected(replica);
      expect(await replica.ask("CONFIG", "SET", "replica-read-only", "no")).toBe("+OK");
      for (const key of ["written", "read", "kept"]) await primary.ask("SET", key, "5", "PX", "10");
      await untilSize(replica, 3);
      await waitUntil(async () => (await replica.ask("EXISTS", "written", "read", "kept")) === ":0", {
        what: "the keys to expire",
        timeoutMs: 20_000,
      });
      expect(await replica.ask("INCR", "written")).toBe(":1");
      expect(await replica.ask("TTL", "written")).toBe(":-1");
      expect(await replica.ask("GET", "read")).toBe("$nil");
      expect(await replica.ask("SET", "own", "1", "PX", "10")).toBe("+OK");
      expect(await replica.ask("DBSIZE")).toBe(":4");
      await untilSize(replica, 3);
      // The primary removes its keys, and with them what the replica has made of them.
      await primary.ask("DEBUG", "SET-ACTIVE-EXPIRE", "1");
      await untilSize(replica, 0);
    }, 60_000);
  }

  test("that becomes a primary or read-only expires all keys, or none, again", async () => {
    const primary = await started(startMyRedis());
    await primary.ask("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    const replica = await started(startMyRedis({ replicaof: `127.0.0.1 ${primary.port}`, "replica-read-only": "no" }));
    await untilConnected(replica);
    await primary.ask("SET", "key", "5", "PX", "10");
    await untilSize(replica, 1);
    await replica.ask("CONFIG", "SET", "replica-read-only", "yes");
    await waitUntil(async () => (await replica.ask("EXISTS", "key")) === ":0", {
      what: "the expiry",
      timeoutMs: 20_000,
    });
    expect(await replica.ask("DBSIZE")).toBe(":1");
    await replica.ask("REPLICAOF", "NO", "ONE");
    await untilSize(replica, 0);
  }, 60_000);
});
