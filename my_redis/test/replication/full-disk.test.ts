import { describe, expect, test } from "bun:test";
import { temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { startMyRedisOnFullDisk } from "../crash/my-redis-process.ts";
import type { Word } from "../differential/harness/resp-connection.ts";
import { closedAfterEach, startMyRedis } from "./replication-servers.ts";

const megabyte = 1024 * 1024;

describe("a replica whose log cannot be written", () => {
  const started = closedAfterEach();

  test("keeps a limited number of bytes for it, reads no more, and is let go by its primary's limit", async () => {
    const primary = await started(
      startMyRedis({ "client-output-buffer-limit": "replica 16mb 0 0", "repl-backlog-size": String(megabyte) }),
    );
    const replica = await startMyRedisOnFullDisk(temporaryFolder("full-disk"), 512);
    // When a write of the log fails, the clients of that turn lose their connections: each question has its own.
    const ask = async (...words: Word[]): Promise<string> => {
      const connection = await replica.connect();
      const { text } = await connection.reply(...words);
      connection.close();
      return text ?? "";
    };
    const info = async (field: string): Promise<string> =>
      new RegExp(`^${field}:(.*?)\\r?$`, "m").exec(await ask("INFO"))?.[1] ?? "";
    await ask("REPLICAOF", "127.0.0.1", primary.port);
    await waitUntil(async () => (await info("aof_rewrites")) === "1", { what: "its log to begin", timeoutMs: 20_000 });
    const value = Buffer.alloc(megabyte, "x");
    let taken = 0;
    for (let isTaken = true; isTaken && taken < 100; taken++) {
      await primary.ask("SET", "key", value);
      isTaken = (await primary.ask("WAIT", "1", "3000")) === ":1";
    }
    expect(taken).toBeGreaterThan(30);
    expect(taken).toBeLessThan(40);
    expect(await info("aof_last_write_status")).toBe("err");
    expect(Number(await info("aof_buffer_length"))).toBeGreaterThan(32 * megabyte);
    for (let count = 0; count < 80; count++) await primary.ask("SET", "key", value);
    await waitUntil(() => primary.log().includes("client-output-buffer-limit replica"), {
      what: "the primary to let it go",
      timeoutMs: 30_000,
    });
    expect(Number(await info("aof_buffer_length"))).toBeLessThan(40 * megabyte);
    expect(replica.process.stdout().match(/the primary is not read until then/g)).toHaveLength(1);
    // It serves what it has.
    expect(await ask("GET", "key")).toHaveLength(megabyte);
    await replica.process.kill("SIGKILL");
  }, 60_000);
});
