import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { requireService, startProcess, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { startMyRedis } from "../crash/my-redis-process.ts";

const strace = requireService("strace");
/** Each sync takes this long. */
const syncDelayMs = 40;

describe.skipIf(strace.missing)(`on a slow disk, a rewrite under writes,${strace.reason}`, () => {
  for (const policy of ["everysec", "always", "no"] as const) {
    test(`with appendfsync ${policy}, makes no sync on the thread that serves clients`, async () => {
      const dir = temporaryFolder("switch");
      const server = await startMyRedis(dir, { appendfsync: policy, "auto-aof-rewrite-percentage": "0", save: "" });
      const { pid } = server.process;
      const trace = join(temporaryFolder("strace"), "trace");
      const inject = `inject=fsync,fdatasync:delay_enter=${syncDelayMs * 1000}`;
      const tracing = await startProcess({
        cmd: ["strace", "-f", "-o", trace, "-e", "trace=fsync,fdatasync", "-e", inject, "-p", `${pid}`],
        readyWhen: (started) => started.stderr().includes(" attached"),
      });
      const connection = await server.connect();
      const info = async (): Promise<string> => String((await connection.reply("INFO", "persistence")).text);
      await connection.reply("SET", "n", "0");
      await connection.reply("BGREWRITEAOF");
      let written = 0;
      await waitUntil(
        async () => {
          for (let index = 0; index < 20; index++) written = Number((await connection.reply("INCR", "n")).text);
          return (await info()).includes("aof_rewrites:1\r\n");
        },
        { what: "the rewrite", timeoutMs: 40_000 },
      );
      connection.close();
      await tracing.kill("SIGINT");
      await tracing.exited;
      const syncs = readFileSync(trace, "latin1")
        .split("\n")
        .filter((line) => /f(?:data)?sync\(/.test(line));
      expect(syncs.length).toBeGreaterThan(3);
      expect(syncs.filter((line) => line.startsWith(`${pid} `))).toEqual([]);
      await server.process.kill("SIGKILL");

      const again = await startMyRedis(dir);
      const reader = await again.connect();
      expect(Number((await reader.reply("GET", "n")).text)).toBe(written);
      reader.close();
      await again.process.kill("SIGKILL");
    }, 60_000);
  }
});
