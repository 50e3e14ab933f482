import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { freePort, startProcess, type StartedProcess, temporaryFolder } from "../../../tools/test-services/index.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

const main = join(import.meta.dir, "../../main.ts");
const readyWhen = /Ready to accept connections tcp 127\.0\.0\.1:(\d+)/;
const option = "BUN_JSC_thresholdForFTLOptimizeAfterWarmUp";

const serve = (value: string | undefined, ...words: readonly string[]): Promise<StartedProcess> =>
  startProcess({
    cmd: [process.execPath, ...words, main, "--port", "0", "--logfile", "", "--requirepass", "a b"],
    env: { [option]: value },
    readyWhen,
  });

/** What the program has in its environment, which is what the runtime was started with. */
const optionsOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/environ`, "latin1")
    .split("\0")
    .filter((entry) => entry.startsWith("BUN_JSC_"));

describe("the options of the runtime", () => {
  test("are set for a server that was started without them; it keeps its process and its words", async () => {
    const server = await serve(undefined, "--smol");
    expect(optionsOf(server.pid)).toEqual([`${option}=1000000`]);
    const words = readFileSync(`/proc/${server.pid}/cmdline`, "utf8").split("\0");
    expect(words).toContain("--smol");
    const client = await RespConnection.open(Number(server.readyMatch?.[1]), "MyRedis");
    expect((await client.reply("AUTH", "a b")).text).toBe("OK");
    expect((await client.reply("INFO", "server")).text).toContain(`process_id:${server.pid}\r\n`);
    client.close();
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  test("are kept as the environment has them", async () => {
    const server = await serve("64000");
    expect(optionsOf(server.pid)).toEqual([`${option}=64000`]);
    await server.stop();
  });

  test("are left alone in a process with a channel to its parent, which would be lost", async () => {
    const { [option]: _, ...env } = process.env;
    const child = spawn(process.execPath, [main, "--port", "0"], { env, stdio: ["ignore", "pipe", "pipe", "ipc"] });
    try {
      await once(child.stdout!, "data");
      expect(optionsOf(child.pid!)).toEqual([]);
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  });

  test("are left alone in a process that was given an open file, which would be lost", async () => {
    const { [option]: _, ...env } = process.env;
    const child = spawn(process.execPath, [main, "--port", "0"], { env, stdio: ["ignore", "pipe", "pipe", "pipe"] });
    try {
      await once(child.stdout!, "data");
      expect(optionsOf(child.pid!)).toEqual([]);
      expect(readlinkSync(`/proc/${child.pid!}/fd/3`)).toStartWith("socket:");
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  });

  test("are set for a server that is started in another folder", async () => {
    for (const words of [["--cwd", "my_redis"], ["--cwd=my_redis"]]) {
      const server = await startProcess({
        cmd: [process.execPath, ...words, "main.ts", "--port", "0"],
        env: { [option]: undefined },
        readyWhen,
      });
      expect(optionsOf(server.pid)).toEqual([`${option}=1000000`]);
      await server.stop();
    }
  });

  test("are set for a server that was compiled into one file", async () => {
    const outfile = join(temporaryFolder("single-file"), "server");
    const built = Bun.spawnSync([process.execPath, "build", "--compile", main, "--outfile", outfile]);
    expect(built.exitCode).toBe(0);
    const server = await startProcess({ cmd: [outfile, "--port", "0"], env: { [option]: undefined }, readyWhen });
    expect(optionsOf(server.pid)).toEqual([`${option}=1000000`]);
    await server.stop();
  }, 60_000);

  test("are set for the nodes of a program", async () => {
    const program = join(import.meta.dir, "../../index.ts");
    const dir = temporaryFolder("nodes-of-a-program");
    const text = `import { startNodes } from ${JSON.stringify(program)};
      await startNodes({ nodes: 2, dir: ${JSON.stringify(dir)}, port: ${await freePort()} });
      console.log("all nodes serve");`;
    const started = await startProcess({
      cmd: [process.execPath, "-e", text],
      env: { [option]: undefined },
      readyWhen: /all nodes serve/,
    });
    const children = readFileSync(`/proc/${started.pid}/task/${started.pid}/children`, "utf8").trim().split(" ");
    expect(children.map((pid) => optionsOf(Number(pid)))).toEqual([[`${option}=1000000`], [`${option}=1000000`]]);
    await started.stop();
  });
});
