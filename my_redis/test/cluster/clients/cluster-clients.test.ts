import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Cluster } from "ioredis";
import { createCluster } from "redis";
import { type MemoryRing, startMemoryRing } from "../memory-ring.ts";

const routings = ["relay", "redirect"] as const;
const keyCount = 200;

/** Runs a program against the first node. */
async function run(
  ring: MemoryRing,
  program: string,
  words: readonly string[],
): Promise<{ output: string; code: number }> {
  const child = Bun.spawn([program, "-p", `${ring.ports[0]}`, ...words], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: 60_000,
  });
  const [output, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { output: output + errors, code: await child.exited };
}

/** Cluster-aware clients with their default settings, whether nodes relay or redirect. */
describe.each(routings)("with cluster-routing %s", (routing) => {
  let ring: MemoryRing;

  beforeAll(async () => {
    ring = await startMemoryRing(3);
    for (const node of ring.nodes.keys()) {
      const connection = await ring.connect(node);
      await connection.reply("CONFIG", "SET", "cluster-routing", routing);
      connection.close();
    }
  });
  afterAll(() => ring.close());

  test("ioredis Cluster reads and writes everywhere, in pipelines, transactions and scripts", async () => {
    const cluster = new Cluster([{ host: "127.0.0.1", port: ring.ports[0] as number }]);
    const keys = Array.from({ length: keyCount }, (_, number) => `io:${number}`);
    await Promise.all(keys.map((key, number) => cluster.set(key, number)));
    const values = await Promise.all(keys.map((key) => cluster.get(key)));
    expect(values).toEqual(keys.map((_, number) => `${number}`));
    expect(cluster.nodes("master")).toHaveLength(3);
    expect(await cluster.multi().incr("io:1").get("io:1").exec()).toEqual([
      [null, 2],
      [null, "2"],
    ]);
    cluster.defineCommand("addTo", { numberOfKeys: 1, lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])" });
    const scripted = cluster as unknown as { addTo(key: string, by: number): Promise<number> };
    const sums = await Promise.all(keys.slice(2, 50).map((key) => scripted.addTo(key, 1000)));
    expect(sums).toEqual(keys.slice(2, 50).map((_, number) => number + 1002));
    cluster.disconnect();
  });

  test("node-redis cluster reads and writes everywhere, too", async () => {
    const cluster = createCluster({ rootNodes: [{ socket: { host: "127.0.0.1", port: ring.ports[1] as number } }] });
    cluster.on("error", () => {});
    await cluster.connect();
    const keys = Array.from({ length: keyCount }, (_, number) => `node:${number}`);
    await Promise.all(keys.map((key, number) => cluster.set(key, `${number}`)));
    expect(await Promise.all(keys.map((key) => cluster.get(key)))).toEqual(keys.map((_, number) => `${number}`));
    expect(cluster.masters).toHaveLength(3);
    expect(await cluster.multi().incr("node:7").get("node:7").exec()).toEqual([8, "8"] as never);
    cluster.destroy();
  });

  test("redis-cli -c follows redirections, and shows the nodes", async () => {
    for (let number = 0; number < 12; number++) {
      expect((await run(ring, "redis-cli", ["-c", "SET", `cli:${number}`, `${number}`])).output).toBe("OK\n");
      expect((await run(ring, "redis-cli", ["-c", "GET", `cli:${number}`])).output).toBe(`${number}\n`);
    }
    const nodes = (await run(ring, "redis-cli", ["CLUSTER", "NODES"])).output.trim().split("\n");
    expect(nodes.filter((line) => /^[0-9a-f]{40} 127\.0\.0\.1:\d+@\d+ (myself,)?master - /.test(line))).toHaveLength(3);
  });

  test("redis-benchmark --cluster runs without an error", async () => {
    const words = [
      "--cluster",
      "-t",
      "set,get,incr,lpush,hset",
      "-n",
      "3000",
      "-c",
      "12",
      "-P",
      "4",
      "-r",
      "1000",
      "-q",
    ];
    const { output, code } = await run(ring, "redis-benchmark", words);
    expect(output).toContain("Cluster has 3 master nodes");
    expect(output).not.toMatch(/error|warn/i);
    expect(code).toBe(0);
  }, 60_000);
});
