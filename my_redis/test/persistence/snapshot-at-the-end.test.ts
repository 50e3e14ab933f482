import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { requireService, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { type MyRedisProcess, startMyRedis } from "../crash/my-redis-process.ts";
import { FaultInjector } from "../faults/fault-injector.ts";

const strace = requireService("strace");

/** Long enough for SHUTDOWN to write its own snapshot meanwhile. */
const lateMs = 2000;

const isOpenIn = (pid: number, path: string): boolean =>
  readdirSync(`/proc/${pid}/fd`).some((name) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${name}`) === path;
    } catch {
      return false;
    }
  });

describe.skipIf(strace.missing)(`a snapshot of BGSAVE whose rename is late,${strace.reason}`, () => {
  async function startLateBgsave(dir: string, lateAt: "enter" | "exit"): Promise<MyRedisProcess> {
    const server = await startMyRedis(dir, { appendonly: "no", save: "3600 1", "enable-debug-command": "yes" });
    const { pid } = server.process;
    const temporary = join(dir, `temp-background-${pid}-dump.rdb`);
    const late = { calls: "rename", effect: { lateAt, ms: lateMs }, when: "1" } as const;
    await FaultInjector.attach(pid, [late], [temporary]);
    const connection = await server.connect();
    await connection.reply("SET", "old", "1");
    await connection.reply("BGSAVE");
    // The rename begins as soon as the file is closed. When it is late at its end, the file has its name by then.
    const file = lateAt === "enter" ? temporary : join(dir, "dump.rdb");
    await waitUntil(() => existsSync(file), { what: "the file of BGSAVE", timeoutMs: 10_000 });
    await waitUntil(() => !isOpenIn(pid, temporary), { what: "the end of its writing", timeoutMs: 10_000 });
    await connection.reply("SET", "new", "acknowledged");
    expect(String((await connection.reply("INFO", "persistence")).text)).toContain("rdb_bgsave_in_progress:1");
    connection.close();
    return server;
  }

  async function expectNewest(dir: string): Promise<void> {
    const again = await startMyRedis(dir, { appendonly: "no" });
    const connection = await again.connect();
    expect((await connection.reply("GET", "new")).text).toBe("acknowledged");
    connection.close();
    await again.process.kill("SIGKILL");
    expect(readdirSync(dir).filter((name) => name.startsWith("temp-"))).toEqual([]);
  }

  for (const lateAt of ["enter", "exit"] as const) {
    test(`does not replace the newer one of SHUTDOWN SAVE (late at its ${lateAt})`, async () => {
      const dir = temporaryFolder("late-rename");
      const server = await startLateBgsave(dir, lateAt);
      const connection = await server.connect();
      await connection.reply("SHUTDOWN", "SAVE").catch(() => undefined);
      expect(await server.process.exited).toMatchObject({ code: 0 });
      await expectNewest(dir);
    }, 30_000);
  }

  test("does not replace the newer one of SIGTERM", async () => {
    const dir = temporaryFolder("late-rename");
    const server = await startLateBgsave(dir, "enter");
    await server.process.kill("SIGTERM");
    expect(await server.process.exited).toMatchObject({ code: 0 });
    await expectNewest(dir);
  }, 30_000);

  test("does not count as a failure, nor as the newest, after DEBUG RELOAD", async () => {
    const dir = temporaryFolder("late-rename");
    const server = await startLateBgsave(dir, "enter");
    const connection = await server.connect();
    await connection.reply("DEBUG", "RELOAD");
    await waitUntil(async () => /rdb_bgsave_in_progress:0/.test(String((await connection.reply("INFO")).text)), {
      what: "the end of BGSAVE",
      timeoutMs: 10_000,
    });
    const info = String((await connection.reply("INFO", "persistence")).text);
    expect(info).toContain("rdb_changes_since_last_save:0");
    expect(info).toContain("rdb_last_bgsave_status:ok");
    connection.close();
    await server.process.kill("SIGKILL");
    await expectNewest(dir);
  }, 30_000);
});
