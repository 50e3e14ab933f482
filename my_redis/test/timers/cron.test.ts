import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer, type StartOptions } from "../../src/start-server.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

let running: OpenServer | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function start(options: StartOptions = {}): Promise<[OpenServer, RespConnection]> {
  running = await startOpenServer({ port: 0, memory: true, hz: 100, ...options });
  return [running, await RespConnection.open(running.port, "MyRedis")];
}

const soon = (what: string) => ({ what, timeoutMs: 10_000 });

describe("background work", () => {
  test("removes expired keys that no client asks for", async () => {
    const [server, client] = await start();
    const sets = Array.from({ length: 2000 }, (_, number) => ["SET", `key-${number}`, "v", "PX", "1"]);
    await client.replies(sets);
    const database = server.server.keyspace.database(0);
    await waitUntil(() => database.size === 0, soon("all keys to expire"));
    expect(server.server.keyspace.statistics.expired).toBe(2000);
    client.close();
  });

  test("logs what it removes", async () => {
    const dir = temporaryFolder("cron");
    const [server, client] = await start({ memory: false, appendonly: true, dir });
    await client.reply("SET", "gone", "v", "PX", "1");
    const log = join(dir, "appendonlydir", "appendonly.aof.1.incr.aof");
    await waitUntil(
      () => readFileSync(log, "latin1").includes("$3\r\nDEL\r\n$4\r\ngone\r\n"),
      soon("the DEL in the log"),
    );
    expect(server.server.keyspace.database(0).size).toBe(0);
    client.close();
  });

  test("keeps data as it is while clients are paused", async () => {
    const [server, client] = await start();
    await client.replies([
      ["SET", "key", "v", "PX", "1"],
      ["CLIENT", "PAUSE", "60000", "WRITE"],
    ]);
    const passes = server.server.observers.statistics.expiryMs;
    await Bun.sleep(50);
    expect(server.server.observers.statistics.expiryMs).toBe(passes);
    expect(server.server.keyspace.database(0).size).toBe(1);
    await client.reply("CLIENT", "UNPAUSE");
    await waitUntil(() => server.server.keyspace.database(0).size === 0, soon("the key to expire"));
    client.close();
  });

  test("ends blocking commands at their timeouts, whatever hz is", async () => {
    const [server, client] = await start({ hz: 1 });
    const { blocking, observers } = server.server;
    const { throughput } = observers;
    let ticks = 0;
    const sample = throughput.sample.bind(throughput);
    throughput.sample = (...args) => {
      ticks++;
      sample(...args);
    };
    let ticksBefore: number | undefined;
    const expire = blocking.expire.bind(blocking);
    blocking.expire = (monotonicMs) => {
      expire(monotonicMs);
      if (blocking.count === 0) ticksBefore ??= ticks;
    };
    const began = performance.now();
    expect((await client.reply("XREAD", "BLOCK", "60", "STREAMS", "key", "$")).items).toBeNull();
    expect(performance.now() - began).toBeGreaterThanOrEqual(59);
    // So it was not the tick of every second that ended it.
    expect(ticksBefore).toBe(0);
    client.close();
  });

  test("ends the blocking commands of many clients in the order of their timeouts", async () => {
    const [server, ...rest] = await start({ hz: 1 });
    const order: number[] = [];
    const clients = await Promise.all([0, 1, 2, 3].map(() => RespConnection.open(server.port, "MyRedis")));
    const waiting = [120, 40, 80, 160].map(async (timeoutMs, number) => {
      await clients[number]?.reply("XREAD", "BLOCK", timeoutMs, "STREAMS", "key", "$");
      order.push(timeoutMs);
    });
    await Promise.all(waiting);
    expect(order).toEqual([40, 80, 120, 160]);
    for (const client of [...clients, ...rest]) client.close();
  });

  test("frees a large value, and moves a grown index, step by step while no client asks for anything", async () => {
    const [server, client] = await start();
    const { keyspace } = server.server;
    for (let part = 0; part < 10; part++) {
      const pairs = Array.from({ length: 20_000 }, (_, number) => [`field-${part}-${number}`, "value"]).flat();
      await client.reply("HSET", "large", ...pairs);
    }
    const usedBytes = keyspace.heap.usedBytes;
    await client.reply("DEL", "large");
    await waitUntil(() => keyspace.pendingReleases === 0, soon("the value to be freed"));
    expect(keyspace.heap.usedBytes).toBeLessThan(usedBytes / 100);
    const { keys } = keyspace.database(0);
    for (let number = 0; !keys.resizing || number < 1000; number++) await client.reply("SET", `key-${number}`, "v");
    await waitUntil(() => !keys.resizing, soon("the index to be moved"));
    client.close();
  });

  test("reports the rate of commands", async () => {
    const [server, client] = await start();
    await client.replies(Array.from({ length: 1000 }, () => ["PING"]));
    await waitUntil(() => server.server.observers.throughput.commandsPerSecond > 0, soon("a rate"));
    const info = (await client.reply("INFO", "stats")).text as string;
    expect(info).toMatch(/instantaneous_ops_per_sec:[1-9]/);
    client.close();
  });
});
