import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  freePort,
  startProcess,
  type StartedProcess,
  temporaryFolder,
  waitUntil,
} from "../../../tools/test-services/index.ts";
import { startServer } from "../../index.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

const main = join(import.meta.dir, "../../main.ts");
const debianFile = "/etc/redis/redis.conf";

type Words = readonly [program: string, ...words: string[]];

async function run(command: Words): Promise<StartedProcess> {
  const started = await startProcess({ cmd: [...command] });
  await started.exited;
  return started;
}

const runMyRedis = (...words: string[]): Promise<StartedProcess> => run([process.execPath, main, ...words]);

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Debian's file, with the folders that belong to its package replaced by one of the test. */
function debianConfig(folder: string): string {
  const file = join(folder, "redis.conf");
  const text = readFileSync(debianFile, "utf8");
  writeFileSync(file, text.replaceAll(/\/(var\/lib\/redis|run\/redis|var\/log\/redis)(?=[\s/])/g, folder));
  return file;
}

/** Starts a server in the background, and ends it again. */
async function startInBackground(program: Words, folder: string, ...words: string[]) {
  const port = await freePort(1);
  const starter = await run([...program, debianConfig(folder), "--port", `${port}`, ...words]);
  const pidFile = join(folder, "redis-server.pid");
  let client: RespConnection | undefined;
  const isThere = async (): Promise<boolean> => {
    client = await RespConnection.open(port, "the server in the background").catch(() => undefined);
    return client !== undefined && existsSync(pidFile);
  };
  await waitUntil(isThere, { what: "the server in the background", timeoutMs: 10_000 });
  const pid = Number(readFileSync(pidFile, "utf8"));
  const daemonize = (await client?.reply("CONFIG", "GET", "daemonize"))?.items?.[1]?.text;
  const wasAlive = isAlive(pid);
  process.kill(pid, "SIGTERM");
  await waitUntil(() => !isAlive(pid), { what: "the end of the server", timeoutMs: 10_000 });
  return { code: starter.exit?.code, differs: pid !== starter.pid, wasAlive, daemonize, leaves: existsSync(pidFile) };
}

describe.skipIf(!existsSync(debianFile))("Debian's own redis.conf", () => {
  test("starts MyRedis in the background, as it starts redis-server", async () => {
    const own = temporaryFolder("background");
    const outcome = await startInBackground([process.execPath, main], own);
    expect(outcome).toEqual({ code: 0, differs: true, wasAlive: true, daemonize: "yes", leaves: false });
    expect(outcome).toEqual(await startInBackground(["redis-server"], temporaryFolder("background")));
    const log = readFileSync(join(own, "redis-server.log"), "utf8");
    expect(log).toContain("Ready to accept connections");
    expect(log).toContain("everything is closed");
  }, 60_000);

  test("starts the nodes of a ring in the background, too", async () => {
    const folder = temporaryFolder("background");
    const outcome = await startInBackground([process.execPath, main], folder, "--nodes", "2");
    // A node answers, and a node stays with the process that supervises it.
    expect(outcome).toEqual({ code: 0, differs: true, wasAlive: true, daemonize: "no", leaves: false });
  }, 60_000);

  test("leaves a server in the foreground that systemd supervises", async () => {
    const words = [
      debianConfig(temporaryFolder("background")),
      "--port",
      "0",
      "--supervised",
      "systemd",
      "--logfile",
      "",
    ];
    const started = await startProcess({
      cmd: [process.execPath, main, ...words],
      env: { NOTIFY_SOCKET: "/nonexistent" },
      readyWhen: /(\d+):M .* Ready to accept connections/,
    });
    expect(Number(started.readyMatch?.[1])).toBe(started.pid);
    await started.stop();
  });
});

describe("a server in the background that cannot start", () => {
  test("says why where it was started, and with which exit code", async () => {
    const running = await startServer({ port: 0, memory: true });
    const started = await runMyRedis("--daemonize", "yes", "--port", `${running.port}`);
    expect([started.exit?.code, started.stderr()]).toEqual([
      1,
      `Could not create server TCP listening socket 127.0.0.1:${running.port}: bind: Address already in use\n`,
    ]);
    await running.close();
  });

  test("is refused inside of another program", async () => {
    expect(startServer({ daemonize: true, memory: true })).rejects.toThrow(/^daemonize 'yes': /);
  });
});

describe("a start is refused in one line, before the server is ready, because of", () => {
  const missing = join(temporaryFolder("program"), "missing", "file");
  const refusals: readonly (readonly [what: string, code: number, message: RegExp, ...words: string[]])[] = [
    ["its pidfile", 1, /^pidfile '.*missing\/file': No such file or directory\n$/, "--pidfile", missing],
    ["its logfile", 1, /^logfile '.*missing\/file': No such file or directory\n$/, "--logfile", missing],
    ["its dir", 2, /^dir '.*missing\/file': No such file or directory\n$/, "--dir", missing],
    [
      "a dir that takes no log",
      1,
      /^appenddirname 'appendonlydir' in dir '\/proc': No such file or directory\n$/,
      "--dir",
      "/proc",
      "--appendonly",
      "yes",
    ],
    [
      "a dir that takes no snapshot",
      1,
      /^dir '\/proc' cannot be written, but save '3600 1' asks for snapshots: No such file or directory\n$/,
      "--dir",
      "/proc",
      "--save",
      "3600 1",
    ],
  ];
  for (const [what, code, message, ...words] of refusals) {
    test(what, async () => {
      const started = await runMyRedis("--port", "0", ...words);
      expect(started.stderr()).toMatch(message);
      expect(started.exit?.code).toBe(code);
      expect(started.stdout()).not.toContain("Ready");
    });
  }
});

describe("a name that is not known", () => {
  test("is answered with the nearest one that is", async () => {
    const started = await runMyRedis("--maxmemry", "5");
    expect(started.stderr()).toContain("there is no directive 'maxmemry', did you mean 'maxmemory'?\n");
    expect(started.exit?.code).toBe(2);
    const options = { memroy: true } as object;
    expect(startServer(options)).rejects.toThrow("'memroy' is not a directive of redis.conf, did you mean 'memory'?");
  });

  test("is answered without one where none is near", async () => {
    expect((await runMyRedis("--foo", "bar")).stderr()).toContain("there is no directive 'foo'\n");
  });
});
