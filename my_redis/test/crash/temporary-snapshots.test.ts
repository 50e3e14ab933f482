import { expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { startMyRedis } from "./my-redis-process.ts";

const namesIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.startsWith("temp-"));

test("what a killed process has left of its snapshot is removed by the next start, and nothing else is", async () => {
  const folder = temporaryFolder("snapshot");
  const server = await startMyRedis(folder, { appendonly: "no" });
  const connection = await server.connect();
  const value = "x".repeat(64 * 1024);
  for (let round = 0; round < 20; round++) {
    await connection.replies(Array.from({ length: 50 }, (_, key) => ["SET", `key:${round}:${key}`, value]));
  }
  // A second in all, so that the snapshot is being written when it is looked for and when the process is killed.
  await connection.reply("CONFIG", "SET", "rdb-key-save-delay", "1000");
  await connection.reply("BGSAVE");
  await waitUntil(() => namesIn(folder).length > 0, { what: "the snapshot's file", timeoutMs: 10_000 });
  await server.process.kill("SIGKILL");
  connection.close();
  expect(namesIn(folder)).toEqual([`temp-background-${server.process.pid}-dump.rdb`]);
  // Redis's own file, a file for another snapshot, and one of a process that runs.
  const others = ["temp-1.rdb", `temp-now-${server.process.pid}-other.rdb`, `temp-now-${process.pid}-dump.rdb`].sort();
  for (const name of others) writeFileSync(join(folder, name), "");

  const again = await startMyRedis(folder, { appendonly: "no" });
  expect(namesIn(folder).sort()).toEqual(others);
  await again.process.kill("SIGKILL");
}, 30_000);
