import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { requireService, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { startMyRedis } from "../crash/my-redis-process.ts";
import { FaultInjector } from "../faults/fault-injector.ts";

const strace = requireService("strace");

async function startOnLateDisk(appendfsync: string, lateMs: number) {
  const dir = temporaryFolder("slow-disk");
  const server = await startMyRedis(dir, { appendonly: "yes", appendfsync });
  const late = { calls: "sync", effect: { lateAt: "enter", ms: lateMs }, when: "1" } as const;
  await FaultInjector.attach(server.process.pid, [late], [join(dir, "appendonlydir", "appendonly.aof.1.incr.aof")]);
  const connection = await server.connect();
  const info = async (field: string): Promise<number> => {
    const text = String((await connection.reply("INFO", "persistence")).text);
    return Number(new RegExp(`${field}:(\\d+)`).exec(text)?.[1]);
  };
  return { server, connection, info };
}

describe.skipIf(strace.missing)(`a disk that takes very long for one sync,${strace.reason}`, () => {
  test("is reported and shows in INFO, while everysec goes on answering", async () => {
    const { server, connection, info } = await startOnLateDisk("everysec", 4_500);
    expect(await info("aof_delayed_fsync")).toBe(0);
    // The first write is what the late sync is for; the others wait for the next one.
    await waitUntil(
      async () => {
        await connection.reply("SET", "key", "value");
        return (await info("aof_delayed_fsync")) >= 2;
      },
      { what: "two seconds without a sync", timeoutMs: 10_000 },
    );
    expect(await info("aof_pending_bio_fsync")).toBe(1);
    expect(server.process.stdout()).toContain(
      "the disk is slow: a sync of the append-only file runs for over 2 seconds",
    );
    await waitUntil(() => server.process.stdout().includes("seconds late"), {
      what: "the end of the sync",
      timeoutMs: 10_000,
    });
    connection.close();
    await server.process.kill("SIGKILL");
  }, 30_000);

  test("makes clients wait with always, and is no second without a sync", async () => {
    const { server, connection, info } = await startOnLateDisk("always", 2_500);
    await connection.reply("SET", "key", "value");
    expect(await info("aof_delayed_fsync")).toBe(0);
    connection.close();
    await server.process.kill("SIGKILL");
  }, 30_000);
});
