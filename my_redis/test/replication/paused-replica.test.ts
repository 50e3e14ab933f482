import { describe, expect, test } from "bun:test";
import { requireService, waitUntil } from "../../../tools/test-services/index.ts";
import { closedAfterEach, startMyRedis, startServer, untilConnected } from "./replication-servers.ts";

const redis = requireService("redis");

describe.skipIf(redis.missing)(`a replica whose clients are paused${redis.reason}`, () => {
  const started = closedAfterEach();

  for (const kind of ["MyRedis", "redis-server"] as const) {
    test(`applies nothing of its primary until the pause is over (${kind})`, async () => {
      const primary = await started(startMyRedis());
      const replica = await started(startServer(kind, { replicaof: `127.0.0.1 ${primary.port}` }));
      await untilConnected(replica);
      await primary.ask("SET", "key", "1");
      expect(await primary.ask("WAIT", 1, 5000)).toBe(":1");
      await replica.ask("CLIENT", "PAUSE", 100_000, "WRITE");
      await primary.ask("SET", "key", "2");
      expect(await primary.ask("WAIT", 1, 300)).toBe(":0");
      expect(await replica.ask("GET", "key")).toContain("1");
      await replica.ask("CLIENT", "UNPAUSE");
      await waitUntil(async () => (await replica.ask("GET", "key")).includes("2"), {
        what: "the write",
        timeoutMs: 10_000,
      });
      expect(await primary.ask("WAIT", 1, 5000)).toBe(":1");
    }, 30_000);
  }
});
