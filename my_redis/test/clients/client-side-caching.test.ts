import { expect, test } from "bun:test";
import { createClient } from "redis";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { startOpenServer } from "../../src/start-server.ts";

test("node-redis caches the values that it has read, and reads them again after a change", async () => {
  const { server, port, close } = await startOpenServer({ port: 0, bind: ["127.0.0.1"], memory: true });
  const url = `redis://127.0.0.1:${port}`;
  const reader = createClient({ url, RESP: 3, clientSideCache: { ttl: 0, maxEntries: 0, evictPolicy: "LRU" } });
  const writer = createClient({ url });
  await Promise.all([reader.connect(), writer.connect()]);
  await writer.set("key", "one");
  expect(await reader.get("key")).toBe("one");
  const asked = server.observers.statistics.commandsProcessed;
  expect([await reader.get("key"), await reader.get("key")]).toEqual(["one", "one"]);
  expect(server.observers.statistics.commandsProcessed).toBe(asked);
  await writer.set("key", "two");
  await waitUntil(async () => (await reader.get("key")) === "two", { what: "the change", timeoutMs: 5000 });
  reader.destroy();
  writer.destroy();
  await close();
});
