import { afterEach, describe, expect, test } from "bun:test";
import { processIsAlive, startProcess, type StartedProcess, type StartProcessOptions } from "../index.ts";

const started: StartedProcess[] = [];
afterEach(async () => {
  for (const process of started.splice(0)) await process.stop({ timeoutMs: 0 });
});

async function start(script: string, options: Partial<StartProcessOptions> = {}): Promise<StartedProcess> {
  const process = await startProcess({ cmd: ["sh", "-c", script], ...options });
  started.push(process);
  return process;
}

describe("startProcess", () => {
  test("waits for a text in the output", async () => {
    const process = await start("sleep 0.1; echo now listening; exec sleep 60", { readyWhen: "now listening" });
    expect(process.stdout()).toBe("now listening\n");
    expect(process.exit).toBeUndefined();
  });

  test("gives the groups of the pattern that it waited for, from either output", async () => {
    const process = await start("echo port 4711 >&2; exec sleep 60", { readyWhen: /port (\d+)/ });
    expect(process.readyMatch?.[1]).toBe("4711");
    expect(process.stderr()).toBe("port 4711\n");
  });

  test("asks a question until it is answered with true", async () => {
    let asked = 0;
    await start("exec sleep 60", { readyWhen: () => ++asked === 3 });
    expect(asked).toBe(3);
  });

  test("passes environment, folder and standard input", async () => {
    const process = await start("pwd; echo $GREETING; cat", {
      env: { GREETING: "hello" },
      cwd: "/",
      input: "from the test",
      readyWhen: (running) => running.exit !== undefined,
    });
    expect(process.stdout()).toBe("/\nhello\nfrom the test");
    expect(await process.exited).toEqual({ code: 0, signal: null });
  });

  test("says what a program printed that ended before it was ready", async () => {
    const start = startProcess({ cmd: ["sh", "-c", "echo no such file >&2; exit 3"], readyWhen: "never" });
    await expect(start).rejects.toThrow(/ended before it was ready \(code 3.*no such file/s);
  });

  test("ends a program that is not ready in time", async () => {
    let pid = 0;
    const readyWhen = (process: StartedProcess): boolean => {
      pid = process.pid;
      return false;
    };
    const start = startProcess({ cmd: ["sleep", "60"], readyWhen, timeoutMs: 50 });
    await expect(start).rejects.toThrow("waited 50 ms for sleep 60 to be ready");
    await start.catch(() => {});
    expect(processIsAlive(pid)).toBe(false);
  });

  test("names a program that does not exist", async () => {
    await expect(startProcess({ cmd: ["no-such-program"] })).rejects.toThrow(/cannot start no-such-program/);
  });

  test("stop reports the exit of a program that ends in good order", async () => {
    const process = await start("trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.02; done", {
      readyWhen: "up",
    });
    expect(await process.stop()).toEqual({ code: 5, signal: null });
    expect(process.stdout()).toContain("bye");
  });

  test("stop kills a program that does not heed SIGTERM", async () => {
    const process = await start("trap '' TERM; echo up; while :; do sleep 0.02; done", { readyWhen: "up" });
    expect(await process.stop({ timeoutMs: 50 })).toEqual({ code: null, signal: "SIGKILL" });
  });

  test("stop ends a frozen program", async () => {
    const process = await start("echo up; exec sleep 60", { readyWhen: "up" });
    await process.kill("SIGSTOP");
    expect(await process.stop()).toEqual({ code: null, signal: "SIGTERM" });
  });

  test("a signal reaches the children, too", async () => {
    const process = await start("sleep 60 & echo child $!; wait", { readyWhen: /child (\d+)/ });
    const child = Number(process.readyMatch?.[1]);
    expect(processIsAlive(child)).toBe(true);
    await process.kill("SIGKILL");
    while (processIsAlive(child)) await Bun.sleep(5);
  });
});
