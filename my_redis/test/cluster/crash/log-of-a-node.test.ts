import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { requireService, startRedisServer } from "../../../../tools/test-services/index.ts";
import { RespConnection } from "../../differential/harness/resp-connection.ts";
import { RingOfProcesses } from "./ring-of-processes.ts";

const redis = requireService("redis");
const names = Array.from({ length: 20 }, (_, index) => `key${index}`);

let ring: RingOfProcesses;

beforeAll(async () => {
  ring = await RingOfProcesses.start(2, { "aof-use-rdb-preamble": "no" });
  const client = await ring.connect(0);
  await client.reply("MSET", ...names.flatMap((name) => [name, `value of ${name}`]));
  await client.reply("RPUSH", "list", "a", "b", "c");
  const target = names.find((name) => ring.ownerOf(name) !== ring.ownerOf("list")) as string;
  await client.reply("RENAME", "list", target);
  await client.reply("DEL", ...names.filter((name) => name !== target).slice(0, 5));
  client.close();
  await ring.untilWhole();
  await ring.stop();
}, 30_000);

afterAll(() => ring.stop());

describe.skipIf(redis.missing)(`the log of a node after transactions with other nodes${redis.reason}`, () => {
  test("is loaded by redis-server, which ignores the entries about transactions", async () => {
    for (const [node, folder] of ring.folders.entries()) {
      const log = readFileSync(join(folder, "appendonlydir", "appendonly.aof.1.incr.aof"), "latin1");
      expect(log).toContain("my-redis-transaction:");
      const server = await startRedisServer({ args: ["--appendonly", "yes", "--dir", folder] });
      const client = await RespConnection.open(server.port, "redis-server");
      for (const name of names) {
        const mine = ring.ownerOf(name) === node;
        if (!mine) expect((await client.reply("EXISTS", name)).text).toBe("0");
      }
      const size = Number((await client.reply("DBSIZE")).text);
      expect(size).toBeGreaterThan(0);
      client.close();
      await server.stop();
      await ring.startNode(node);
      const own = await ring.connect(node);
      const loaded = (await own.reply("INFO", "keyspace")).text as string;
      expect(loaded).toContain(`keys=${size},`);
      own.close();
    }
  }, 30_000);
});
