import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { type RunningServer, startServer } from "../../index.ts";

/** Clients with their default settings; only the address is given. */
let server: RunningServer;

beforeAll(async () => {
  server = await startServer({ port: 0, memory: true });
});
afterAll(() => server.close());

async function run(program: string, words: readonly string[], input = ""): Promise<{ output: string; code: number }> {
  const child = Bun.spawn([program, "-p", `${server.port}`, ...words], {
    stdin: new TextEncoder().encode(input),
    stdout: "pipe",
    stderr: "pipe",
    timeout: 60_000,
  });
  const [output, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { output: output + errors, code: await child.exited };
}

describe("redis-cli", () => {
  test("runs single commands in both protocols", async () => {
    expect((await run("redis-cli", ["SET", "cli", "value"])).output).toBe("OK\n");
    expect((await run("redis-cli", ["GET", "cli"])).output).toBe("value\n");
    expect((await run("redis-cli", ["-3", "HSET", "cli:hash", "field", "1"])).output).toBe("1\n");
    expect((await run("redis-cli", ["-3", "--no-raw", "HGETALL", "cli:hash"])).output).toBe('1# "field" => "1"\n');
  });

  test("scans keys, loads in bulk and reads INFO", async () => {
    const requests = Array.from(
      { length: 1000 },
      (_, index) => `*3\r\n$3\r\nSET\r\n$8\r\nbulk:${`${index}`.padStart(3, "0")}\r\n$1\r\nx\r\n`,
    );
    expect((await run("redis-cli", ["--pipe"], requests.join(""))).output).toContain("errors: 0, replies: 1000");
    const scanned = await run("redis-cli", ["--scan", "--pattern", "bulk:*"]);
    expect(scanned.output.trim().split("\n")).toHaveLength(1000);
    expect((await run("redis-cli", ["INFO", "server"])).output).toContain("redis_version:7.2");
  });

  test("runs a script from a file", async () => {
    const script = "return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[1])}";
    expect((await run("redis-cli", ["EVAL", script, "1", "cli:counter", "word"])).output).toBe(
      "cli:counter\nword\n1\n",
    );
  });
});

describe("redis-benchmark", () => {
  for (const pipeline of ["1", "16"]) {
    test(`runs at pipeline ${pipeline} without an error or a warning`, async () => {
      const words = ["-t", "ping,set,get,incr,hset,mset", "-n", "2000", "-c", "20", "-P", pipeline, "-r", "100", "-q"];
      const { output, code } = await run("redis-benchmark", words);
      expect(code).toBe(0);
      expect(output).not.toMatch(/error|warning/i);
      expect(output.match(/requests per second/g)?.length).toBeGreaterThanOrEqual(7);
    }, 60_000);
  }
});

describe("ioredis", () => {
  test("pipelines, transactions, scripts, streams and blocking reads", async () => {
    const redis = new Redis(server.port);
    const results = await redis.pipeline().set("io", "1").incr("io").get("io").exec();
    expect(results?.map(([, value]) => value)).toEqual(["OK", 2, "2"]);
    expect(await redis.multi().set("io:a", "1").get("io:a").exec()).toEqual([
      [null, "OK"],
      [null, "1"],
    ]);
    redis.defineCommand("addTo", { numberOfKeys: 1, lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])" });
    expect(await (redis as unknown as { addTo(key: string, by: number): Promise<number> }).addTo("io", 40)).toBe(42);
    const blocked = new Redis(server.port);
    const waiting = blocked.xread("BLOCK", 5000, "STREAMS", "io:stream", "$");
    // The reader must be waiting before the entry is added.
    while (!(await redis.info("clients")).includes("blocked_clients:1")) await Bun.sleep(5);
    const id = await redis.xadd("io:stream", "*", "field", "value");
    expect(await waiting).toEqual([["io:stream", [[id as string, ["field", "value"]]]]]);
    blocked.disconnect();
    redis.disconnect();
  });

  test("reconnects by itself after the server was down", async () => {
    const first = await startServer({ port: 0, memory: true });
    const redis = new Redis(first.port, { retryStrategy: () => 20 });
    redis.on("error", () => {});
    await redis.set("key", "value");
    await first.close();
    const second = await startServer({ port: first.port, memory: true });
    expect(await redis.set("key", "again")).toBe("OK");
    redis.disconnect();
    await second.close();
  });
});

describe("node-redis", () => {
  for (const RESP of [2, 3] as const) {
    test(`works in RESP${RESP}`, async () => {
      const redis = createClient({ RESP, socket: { port: server.port } });
      redis.on("error", () => {});
      await redis.connect();
      await redis.set("node", "value", { expiration: { type: "EX", value: 100 } });
      expect(await redis.get("node")).toBe("value");
      expect(await redis.ttl("node")).toBeGreaterThan(90);
      await redis.hSet("node:hash", { one: "1", two: "2" });
      expect({ ...(await redis.hGetAll("node:hash")) }).toEqual({ one: "1", two: "2" });
      expect(await redis.multi().incr("node:counter").incr("node:counter").exec()).toHaveLength(2);
      expect(await redis.eval("return ARGV[1]", { arguments: ["word"] })).toBe("word");
      await redis.xGroupCreate("node:stream", "group", "$", { MKSTREAM: true });
      const id = await redis.xAdd("node:stream", "*", { field: "value" });
      const read = await redis.xReadGroup("group", "consumer", { key: "node:stream", id: ">" });
      expect(JSON.stringify(read)).toContain(id);
      const found: string[] = [];
      for await (const keys of redis.scanIterator({ MATCH: "node:*" })) found.push(...[keys].flat());
      expect(found).toContain("node:hash");
      await redis.del("node:stream");
      redis.destroy();
    });
  }
});
