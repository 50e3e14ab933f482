import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireService, startProcess, temporaryFolder } from "../../../tools/test-services/index.ts";
import { mainFile } from "../crash/my-redis-process.ts";
import { callGroups, type CallGroup } from "./fault-injector.ts";

const strace = requireService("strace");
const source = join(import.meta.dirname, "../../src");

/** Runs a program in which these calls fail with ENOSPC, and no file can be removed. Returns what it prints. */
async function printed(program: string, failing: CallGroup): Promise<string> {
  const faults = [`${callGroups[failing]}:error=ENOSPC`, `${callGroups.remove}:error=EROFS`];
  const words = ["-f", "-qq", "-o", "/dev/null", ...faults.flatMap((fault) => ["-e", `inject=${fault}`])];
  const child = Bun.spawn(["strace", ...words, process.execPath, "-e", program], { stdout: "pipe", stderr: "inherit" });
  return new Response(child.stdout).text();
}

describe.skipIf(strace.missing)(
  `the first error counts when the file cannot be removed either${strace.reason}:`,
  () => {
    test("of CONFIG REWRITE", async () => {
      const path = join(temporaryFolder("first-error"), "redis.conf");
      const program = `
      import { rewriteConfigFile } from "${source}/settings/rewrite-config.ts";
      import { Settings } from "${source}/settings/settings.ts";
      const report = (...words) => console.log(...words.map(String));
      try { rewriteConfigFile("${path}", new Settings(), { report }); } catch (error) { console.log(error.message); }`;
      const lines = await printed(program, "rename");
      expect(lines).toMatch(/^warning the file .*redis\.conf.*, which is not needed any more, .* EROFS/);
      expect(lines).toContain("\nENOSPC");
      expect(existsSync(path)).toBe(false);
    });

    test("of the end of a log that is cut off", async () => {
      const folder = temporaryFolder("first-error");
      const path = join(folder, "appendonly.aof.1.incr.aof");
      writeFileSync(path, "whole and cut");
      const program = `
      import { LogNames } from "${source}/persistence/aof/log-names.ts";
      import { cutWithCopy } from "${source}/persistence/aof/log-tail.ts";
      const report = (...words) => console.log(...words.map(String));
      const names = new LogNames("${folder}", "appendonly.aof");
      try { cutWithCopy("${path}", 5, names, { report }); } catch (error) { console.log(error.message); }`;
      const lines = await printed(program, "sync");
      expect(lines).toMatch(/^warning the file .*cut-5, which is not needed any more, .* EROFS/);
      expect(lines).toContain("\nENOSPC");
      expect(readFileSync(path, "latin1")).toBe("whole and cut");
    });
  },
);

test("a pid file that cannot be removed is reported, and does not change how the program ends", async () => {
  const folder = temporaryFolder("first-error");
  const pidfile = join(folder, "pid");
  const words = ["--port", "0", "--dir", folder, "--pidfile", pidfile];
  const server = await startProcess({ cmd: [process.execPath, mainFile, ...words], readyWhen: /Ready to accept/ });
  // A folder is where the file was: it cannot be removed as a file.
  rmSync(pidfile);
  mkdirSync(pidfile);
  await server.kill("SIGTERM");
  expect(await server.exited).toEqual({ code: 0, signal: null });
  expect(server.stdout()).toMatch(/the file .*pid, which is not needed any more, could not be removed/);
});
