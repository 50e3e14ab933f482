import { afterEach, describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { type OpenServer, type StartOptions, startOpenServer } from "../../src/start-server.ts";
import { RespConnection, type Word } from "../differential/harness/resp-connection.ts";

let running: OpenServer;
let connection: RespConnection;
/** Milliseconds by which each reading advances the server's monotonic clock. */
let stepMs = 0;
let monotonicMs = 0;

async function start(options: StartOptions = {}): Promise<void> {
  stepMs = 0;
  monotonicMs = 0;
  const environment = { monotonicMs: () => (monotonicMs += stepMs) };
  running = await startOpenServer({ port: 0, memory: true, bind: ["127.0.0.1"], ...options, environment });
  connection = await RespConnection.open(running.port, "MyRedis");
}

afterEach(async () => {
  connection.close();
  await running.close();
});

const ask = async (...command: Word[]): Promise<string> => (await connection.reply(...command)).text ?? "";
const used = (): number => running.server.keyspace.usedBytes;
const infoNumber = async (name: string): Promise<number> =>
  Number(new RegExp(`^${name}:(.*)\r$`, "m").exec(await ask("INFO", "everything"))?.[1]);

async function fill(keys: number): Promise<void> {
  await connection.replies(Array.from({ length: keys }, (_, at) => ["SET", `key:${at}`, "some value"]));
}

describe("a limit on memory", () => {
  test("holds from the start, and what it evicts is counted", async () => {
    await start({ maxmemory: 200_000, "maxmemory-policy": "allkeys-lru", "maxmemory-eviction-tenacity": 100 });
    await fill(20_000);
    expect(used()).toBeLessThan(210_000);
    const left = Number(await ask("DBSIZE"));
    expect(left).toBeGreaterThan(1000);
    expect(await infoNumber("evicted_keys")).toBe(20_000 - left);
    expect(await infoNumber("maxmemory")).toBe(200_000);
    const [inUse, notCounted] = [await infoNumber("used_memory"), await infoNumber("mem_not_counted_for_evict")];
    expect(inUse - notCounted).toBeLessThan(210_000);
  });

  test("that is lowered is reached in the background, without any request", async () => {
    await start({ "maxmemory-policy": "allkeys-random" });
    await fill(20_000);
    const limit = Math.floor(used() / 4);
    await ask("CONFIG", "SET", "maxmemory", limit);
    await waitUntil(() => used() <= limit, { what: "the data to be within its limit", timeoutMs: 10_000 });
    expect(running.server.memoryLimit.hasWork).toBe(false);
    expect(Number(await ask("DBSIZE"))).toBeGreaterThan(1000);
  });

  test("holds a command up for a short time only, and refuses none while there is more to evict", async () => {
    await start({ "maxmemory-policy": "allkeys-random" });
    await fill(5000);
    // Every reading of the clock finds the time used up.
    stepMs = 1000;
    // All in one turn, so that no background work is done meanwhile.
    const [, , left] = await connection.replies([
      ["CONFIG", "SET", "maxmemory", "1"],
      ["SET", "more", "v"],
      ["DBSIZE"],
    ]);
    expect(Number(left?.text)).toBeGreaterThan(4900);
    expect(Number(left?.text)).toBeLessThan(5000);
    expect(await ask("SET", "one more", "v")).toBe("OK");
  });

  test("evicts nothing while clients are paused, and continues afterwards", async () => {
    await start({ "maxmemory-policy": "allkeys-random" });
    await fill(2000);
    await connection.replies([
      ["CLIENT", "PAUSE", "100000", "WRITE"],
      ["CONFIG", "SET", "maxmemory", "1"],
      ["GET", "key:1"],
      ["PING"],
    ]);
    expect(running.server.memoryLimit.hasWork).toBe(false);
    expect(await ask("DBSIZE")).toBe("2000");
    await ask("CLIENT", "UNPAUSE");
    await waitUntil(() => running.server.keyspace.database(0).size === 0, { what: "eviction", timeoutMs: 10_000 });
  });

  test("that is exceeded is so for a time that INFO reports", async () => {
    await start();
    await fill(10);
    const times = async (): Promise<number[]> => [
      await infoNumber("total_eviction_exceeded_time"),
      await infoNumber("current_eviction_exceeded_time"),
    ];
    await ask("CONFIG", "SET", "maxmemory", "1");
    expect(await ask("SET", "k", "v")).toContain("OOM ");
    monotonicMs += 5000;
    expect(await times()).toEqual([5000, 5000]);
    await ask("CONFIG", "SET", "maxmemory", "100mb");
    monotonicMs += 5000;
    expect(await times()).toEqual([5000, 0]);
    await ask("CONFIG", "RESETSTAT");
    expect(await times()).toEqual([0, 0]);
  });

  test("costs nothing while there is none", async () => {
    await start();
    const { checks } = running.server;
    const without = checks.count;
    await ask("CONFIG", "SET", "maxmemory", "100mb");
    await ask("CONFIG", "SET", "maxmemory", "200mb");
    expect(checks.count).toBe(without + 1);
    await ask("CONFIG", "SET", "maxmemory", "0");
    expect(checks.count).toBe(without);
  });
});
