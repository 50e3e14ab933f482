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
const ready = /Ready to accept connections tcp 127\.0\.0\.1:(\d+)/;

async function run(args: readonly string[], input = ""): Promise<StartedProcess> {
  const started = await startProcess({ cmd: [process.execPath, main, ...args], input });
  await started.exited;
  return started;
}

async function serve(args: readonly string[], readyWhen: RegExp = ready): Promise<[StartedProcess, RespConnection]> {
  const started = await startProcess({ cmd: [process.execPath, main, "--port", "0", ...args], readyWhen });
  const port = Number(started.readyMatch?.[1]);
  return [started, await RespConnection.open(port, "MyRedis")];
}

async function waitUntilConnected(port: number): Promise<RespConnection> {
  let connection: RespConnection | undefined;
  const tryToConnect = async (): Promise<boolean> => {
    connection = await RespConnection.open(port, "MyRedis").catch(() => undefined);
    return connection !== undefined;
  };
  await waitUntil(tryToConnect, { what: "the server", timeoutMs: 10_000 });
  return connection as RespConnection;
}

describe("the program", () => {
  test("prints its version and its usage", async () => {
    const version = await run(["--version"]);
    expect(version.stdout()).toMatch(/^MyRedis server v=\d+\.\d+\.\d+ redis=7\.2\.0 runtime=Bun /);
    const help = await run(["--help"]);
    expect(help.stdout()).toStartWith("Usage: my-redis-server [path/to/redis.conf] [-] [--directive value ...]");
    expect([version.exit?.code, help.exit?.code]).toEqual([0, 0]);
  });

  test("refuses a wrong directive with file, line number, line and reason, and exits with 2", async () => {
    const file = join(temporaryFolder("program"), "redis.conf");
    writeFileSync(file, "# fine\nhz 10\nmaxclients none\n");
    const started = await run([file]);
    expect(started.exit?.code).toBe(2);
    expect(started.stderr()).toMatch(
      /\*\*\* FATAL CONFIG FILE ERROR \(MyRedis .*\) \*\*\*\nReading the configuration file .*redis\.conf, at line 3\n>>> 'maxclients none'\nargument couldn't be parsed into an integer \(maxclients takes a whole number from 1 to 4294967295\)\n/,
    );
  });

  test("refuses a port that is in use, naming address and port, and exits with 1", async () => {
    const running = await startServer({ port: 0, memory: true });
    const started = await run(["--port", String(running.port)]);
    expect(started.exit?.code).toBe(1);
    expect(started.stderr()).toContain(`127.0.0.1:${running.port}: bind: Address already in use`);
    await running.close();
  });

  test("refuses a folder whose log another server writes, or whose manifest is invalid, without a stack trace", async () => {
    const folder = temporaryFolder("program");
    const running = await startServer({ port: 0, dir: folder, appendonly: true });
    const second = await run(["--port", "0", "--dir", folder, "--appendonly", "yes"]);
    expect([second.exit?.code, second.stderr()]).toEqual([
      1,
      expect.stringMatching(/^\S+ is in use by process \d+: .*\n$/),
    ]);
    await running.close();
    writeFileSync(join(folder, "appendonlydir", "appendonly.aof.manifest"), "file x seq 0 type i\n");
    const third = await run(["--port", "0", "--dir", folder, "--appendonly", "yes"]);
    expect([third.exit?.code, third.stderr()]).toEqual([
      1,
      expect.stringMatching(/^\S+, line 1: no sequence in .*\n$/),
    ]);
  });

  test("begins no log where everything stays in memory", async () => {
    const running = await startServer({ port: 0, memory: true });
    const client = await RespConnection.open(running.port, "MyRedis");
    const refused = await client.reply("CONFIG", "SET", "appendonly", "yes");
    expect(refused.text).toContain("this server keeps everything in memory, and writes no file");
    expect((await client.reply("CONFIG", "GET", "appendonly")).items?.[1]?.text).toBe("no");
    expect((await client.reply("CONFIG", "SET", "appendonly", "no")).text).toBe("OK");
    await running.close();
  });

  test("reads a file, standard input and the command line", async () => {
    const file = join(temporaryFolder("program"), "redis.conf");
    writeFileSync(file, "hz 20\ntimeout 5\ndatabases 3\n");
    const started = await startProcess({
      cmd: [process.execPath, main, file, "--port", "0", "--hz", "40", "-"],
      input: "hz 30\ntimeout 6\n",
      readyWhen: ready,
    });
    const client = await RespConnection.open(Number(started.readyMatch?.[1]), "MyRedis");
    const reply = await client.reply("CONFIG", "GET", "hz", "timeout", "databases");
    expect(reply.items?.map((item) => item.text)).toEqual(["hz", "40", "timeout", "6", "databases", "3"]);
    await started.stop();
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`answers what was asked, keeps it, and exits with 0 on ${signal}`, async () => {
      const dir = temporaryFolder("program");
      const [started, client] = await serve(["--appendonly", "yes", "--dir", dir, "--pidfile", join(dir, "pid")]);
      expect(readFileSync(join(dir, "pid"), "utf8")).toBe(`${started.pid}\n`);
      expect((await client.reply("SET", "k", "v")).text).toBe("OK");
      await started.kill(signal);
      expect(started.exit).toEqual({ code: 0, signal: null });
      expect(existsSync(join(dir, "pid"))).toBe(false);
      const [again, reader] = await serve(["--appendonly", "yes", "--dir", dir]);
      expect((await reader.reply("GET", "k")).text).toBe("v");
      await again.stop();
    });
  }

  test("ends on SHUTDOWN, and answers with the end of the connection", async () => {
    const dir = temporaryFolder("program");
    const [started, client] = await serve(["--appendonly", "yes", "--dir", dir]);
    client.send(["SET", "k", "v"], ["SHUTDOWN"], ["SET", "k", "late"]);
    expect((await client.next()).text).toBe("OK");
    expect(client.next()).rejects.toThrow("closed the connection");
    expect(await started.exited).toEqual({ code: 0, signal: null });
    const [again, reader] = await serve(["--appendonly", "yes", "--dir", dir]);
    expect((await reader.reply("GET", "k")).text).toBe("v");
    await again.stop();
  });

  test("allows DEBUG and changes of dir only if it was started so", async () => {
    const [started, client] = await serve([]);
    expect((await client.reply("DEBUG", "SLEEP", "0")).text).toStartWith("ERR DEBUG command not allowed.");
    expect((await client.reply("CONFIG", "SET", "dir", "/tmp")).text).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'dir') - can't set protected config",
    );
    await started.stop();
    const allowing = ["--enable-debug-command", "local", "--enable-protected-configs", "local"];
    const [other, local] = await serve(allowing);
    expect((await local.reply("DEBUG", "SLEEP", "0")).text).toBe("OK");
    expect((await local.reply("CONFIG", "SET", "dir", "/tmp")).text).toBe("OK");
    expect((await local.reply("CONFIG", "SET", "dir", "/no/such")).text).toEndWith("No such file or directory");
    expect((await local.reply("CONFIG", "GET", "dir")).items?.[1]?.text).toBe("/tmp");
    await other.stop();
  });

  test("writes its messages to logfile, from loglevel on", async () => {
    const logFile = join(temporaryFolder("program"), "log");
    const started = await startProcess({
      cmd: [process.execPath, main, "--port", "0", "--logfile", logFile, "--io-threads", "2"],
    });
    await waitUntil(() => existsSync(logFile) && ready.test(readFileSync(logFile, "utf8")), {
      what: "the ready line",
      timeoutMs: 10_000,
    });
    const log = readFileSync(logFile, "utf8");
    expect(log).toMatch(/^\d+:M \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3} \* MyRedis /);
    expect(log).toContain("# 'io-threads' has no effect");
    expect(started.stdout()).toBe("");
    const client = await RespConnection.open(Number(ready.exec(log)?.[1]), "MyRedis");
    await client.reply("CONFIG", "SET", "loglevel", "warning");
    await started.stop();
    expect(readFileSync(logFile, "utf8")).not.toContain("shutting down");
  });

  test("goes on when logfile cannot be written, and writes its messages to standard output", async () => {
    const folder = temporaryFolder("program");
    const [started, client] = await serve(["--logfile", "/dev/full", "--dir", folder, "--save", "3600 1"]);
    expect((await client.reply("SET", "key", "value")).text).toBe("OK");
    expect((await client.reply("BGSAVE")).text).toBe("Background saving started");
    await waitUntil(() => existsSync(join(folder, "dump.rdb")), { what: "the snapshot", timeoutMs: 10_000 });
    await started.stop();
    expect(started.exit?.code).toBe(0);
    expect(started.stdout()).toContain("received SIGTERM, shutting down");
  });

  test("goes on when nobody reads its messages any more", async () => {
    const folder = temporaryFolder("program");
    const port = await freePort();
    const command = `"$@" | head -n 1`;
    const words = ["--port", `${port}`, "--dir", folder, "--save", "3600 1"];
    const started = await startProcess({
      cmd: ["bash", "-o", "pipefail", "-c", command, "bash", process.execPath, main, ...words],
    });
    const client = await waitUntilConnected(port);
    expect((await client.reply("SET", "key", "value")).text).toBe("OK");
    for (let round = 1; round <= 2; round++) {
      const saved = Number((await client.reply("LASTSAVE")).text);
      await waitUntil(() => Date.now() / 1000 > saved + 1, { what: "the next second", timeoutMs: 5000 });
      expect((await client.reply("BGSAVE")).text).toBe("Background saving started");
      await waitUntil(async () => Number((await client.reply("LASTSAVE")).text) > saved, {
        what: "the snapshot",
        timeoutMs: 10_000,
      });
    }
    await client.reply("SHUTDOWN").catch(() => {});
    await started.exited;
    expect([started.exit?.code, started.stderr()]).toEqual([0, ""]);
  });

  test("rewrites its file on CONFIG REWRITE, and starts from it again", async () => {
    const file = join(temporaryFolder("program"), "redis.conf");
    writeFileSync(file, "# mine\nport 0\nhz 20\n");
    const started = await startProcess({ cmd: [process.execPath, main, file], readyWhen: ready });
    const client = await RespConnection.open(Number(started.readyMatch?.[1]), "MyRedis");
    await client.reply("CONFIG", "SET", "hz", "30", "maxmemory", "1gb");
    expect((await client.reply("CONFIG", "REWRITE")).text).toBe("OK");
    await started.stop();
    const text = readFileSync(file, "utf8");
    expect(text).toStartWith("# mine\nport ");
    expect(text).toContain("\nhz 30\n");
    expect(text).toContain("\nmaxmemory 1073741824\n");
    const again = await startProcess({ cmd: [process.execPath, main, file], readyWhen: ready });
    expect((await again.stop()).code).toBe(0);
  });

  test("says that it has no file to rewrite when it was started without one", async () => {
    const [started, client] = await serve([]);
    expect((await client.reply("CONFIG", "REWRITE")).text).toBe("ERR The server is running without a config file");
    await started.stop();
  });
});
