import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import type { Environment } from "../../src/environment.ts";
import type { AppendOnlyLog } from "../../src/persistence/aof/append-only-log.ts";
import { type OpenServer, startOpenServer, type StartOptions } from "../../src/start-server.ts";
import { startMyRedis } from "../crash/my-redis-process.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

/** Writes, and then uses up its time again and again. */
const endless = "redis.call('SET', 'half', '1') while true do end";

describe("a server with a script that has written and does not end", () => {
  for (const end of ["SHUTDOWN NOSAVE", "SIGTERM"]) {
    test(`ends by ${end}, also while a rewrite waits for the script`, async () => {
      const dir = temporaryFolder("half-script");
      const server = await startMyRedis(dir, { "busy-reply-threshold": "5", save: "" });
      const connection = await server.connect();
      await connection.reply("SET", "whole", "1");
      // Both run in one turn. The rewrite begins with operations on files, so it finds the script when they are done.
      const asked = connection.replies([["BGREWRITEAOF"], ["EVAL", endless, 0]]).catch(() => undefined);
      await endMidway(server, end);
      expect(server.process.stdout()).toContain("the append-only file is being rewritten");
      await asked;
      expect(await server.process.exited).toMatchObject({ code: 0 });

      const again = await startMyRedis(dir, { save: "" });
      const reader = await again.connect();
      expect((await reader.reply("MGET", "whole", "half")).items?.map(({ text }) => text)).toEqual(["1", null]);
      reader.close();
      await again.process.kill("SIGKILL");
    }, 30_000);
  }

  async function endMidway(server: Awaited<ReturnType<typeof startMyRedis>>, end: string): Promise<void> {
    const other = await server.connect();
    await waitUntil(async () => String((await other.reply("GET", "whole")).text).startsWith("BUSY"), {
      what: "the script",
      timeoutMs: 10_000,
    });
    if (end === "SIGTERM") process.kill(server.process.pid, "SIGTERM");
    else await other.reply("SHUTDOWN", "NOSAVE").catch(() => undefined);
    other.close();
  }

  test("keeps running after SIGTERM when it has to write a snapshot, and writes it when the script is over", async () => {
    const dir = temporaryFolder("half-script");
    const server = await startMyRedis(dir, { appendonly: "no", save: "3600 1", "busy-reply-threshold": "5" });
    const connection = await server.connect();
    await connection.reply("SET", "whole", "1");
    const script =
      "redis.call('SET', 'first', '1') for i = 1, 3e8 do end redis.call('SET', 'second', '1') return 'over'";
    const ran = connection.reply("EVAL", script, 0);
    await endMidway(server, "SIGTERM");
    await waitUntil(() => server.process.stdout().includes("the server keeps running"), {
      what: "the refusal",
      timeoutMs: 10_000,
    });
    expect(server.process.stdout()).toContain("a script is half done");
    expect(existsSync(join(dir, "dump.rdb"))).toBe(false);
    expect((await ran).text).toBe("over");
    connection.close();
    await server.process.kill("SIGTERM");
    expect(await server.process.exited).toMatchObject({ code: 0 });

    const again = await startMyRedis(dir, { appendonly: "no" });
    const reader = await again.connect();
    expect((await reader.reply("MGET", "first", "second")).items?.map(({ text }) => text)).toEqual(["1", "1"]);
    reader.close();
    await again.process.kill("SIGKILL");
  }, 30_000);
});

describe("while a script is paused,", () => {
  async function withPausedScript(options: StartOptions, run: (server: OpenServer, dir: string) => Promise<void>) {
    const dir = temporaryFolder("paused-script");
    const open = await startOpenServer({ port: 0, hz: 1, dir, ...options });
    const connection = await RespConnection.open(open.port, "MyRedis");
    await connection.reply("SET", "first", "1");
    connection.close();
    open.server.execution.pauseScript();
    await run(open, dir);
    await open.close();
  }

  const bases = (dir: string): string[] =>
    existsSync(join(dir, "appendonlydir"))
      ? readdirSync(join(dir, "appendonlydir")).filter((name) => name.includes(".base."))
      : [];

  test("a rewrite that waits for its end does not keep the server from being closed", async () => {
    const dir = temporaryFolder("paused-script");
    const { server, close } = await startOpenServer({ port: 0, dir, appendonly: true });
    const log = server.parts.storage?.log as AppendOnlyLog;
    const named = new Promise<void>((resolve) => {
      log.rewriter.onStep = (step) => step === "increment named" && resolve();
    });
    log.rewriter.begin();
    server.execution.pauseScript();
    await named;
    // The rewrite syncs the old increment, and waits for the script afterwards. This sync is behind that one.
    await log.current?.file.sync();
    await setImmediate();
    expect(log.rewriter.startedMs).toBeDefined();
    await close();
    expect(log.rewriter.lastFailed).toBe(false);
  });

  test("no scheduled rewrite begins, and it begins afterwards", async () => {
    await withPausedScript({}, async ({ server }, dir) => {
      const { execution, storage } = server;
      const rewriter = storage?.log.rewriter;
      expect(rewriter?.begin()).toBe("scheduled");
      server.parts.storage?.tick();
      expect(rewriter?.startedMs).toBeUndefined();
      expect(rewriter?.isScheduled).toBe(true);
      expect(bases(dir)).toEqual([]);
      execution.resumeScript();
      server.parts.storage?.tick();
      await waitUntil(() => rewriter?.count === 1, { what: "the rewrite", timeoutMs: 10_000 });
      expect(bases(dir)).toHaveLength(1);
    });
  });

  test("a log that has only just begun gets no base when the server ends", async () => {
    const messages: string[] = [];
    const report: Environment["report"] = (_level, message, error) => messages.push(`${message} ${String(error)}`);
    await withPausedScript({ environment: { report } }, async ({ server, close }, dir) => {
      server.parts.storage?.log.enable();
      await close();
      expect(messages.join("\n")).toContain("a script is half done");
      expect(bases(dir)).toEqual([]);
    });
  });
});
