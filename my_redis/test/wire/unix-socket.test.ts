import { describe, expect, test } from "bun:test";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import Redis from "ioredis";
import { freePort, startProcess, startRedisServer, temporaryFolder } from "../../../tools/test-services/index.ts";
import { startServer } from "../../index.ts";

/** What redis-cli prints for a request. The server may run in this process, so nothing may block. */
async function cli(...words: string[]): Promise<string> {
  const { exited, stdout } = Bun.spawn(["redis-cli", ...words], { stdout: "pipe", stderr: "ignore", timeout: 20_000 });
  await exited;
  return (await new Response(stdout).text()).trimEnd();
}

const ask = (path: string, ...words: string[]): Promise<string> => cli("-s", path, ...words);

/** The fields of CLIENT LIST that say how a client is connected. */
const connectionOf = (line: string): string[] =>
  ["addr", "laddr", "flags"].map((name) => new RegExp(` ${name}=(\\S+)`).exec(line)?.[1] ?? "");

for (const transport of ["bun", "node"] as const) {
  describe(`a Unix socket, by ${transport}'s sockets,`, () => {
    test("serves clients beside the port, and shows them as redis-server does", async () => {
      const path = join(temporaryFolder("unix"), "redis.sock");
      const server = await startServer({
        port: await freePort(),
        memory: true,
        unixsocket: path,
        unixsocketperm: "750",
        transport,
      });
      const theirPath = join(temporaryFolder("unix"), "redis.sock");
      const theirs = await startRedisServer({ args: ["--unixsocket", theirPath, "--unixsocketperm", "750"] });
      for (const [each, port] of [
        [path, server.port],
        [theirPath, theirs.port],
      ] as const) {
        const line = await ask(each, "CLIENT", "LIST");
        expect(connectionOf(line)).toEqual([`${each}:0`, `${each}:0`, "U"]);
        expect(statSync(each).mode & 0o777).toBe(0o750);
        expect(statSync(each).isSocket()).toBe(true);
        expect(await ask(each, "SET", "key", "v".repeat(100_000))).toBe("OK");
        expect(await ask(each, "STRLEN", "key")).toBe("100000");
        expect(await cli("-p", `${port}`, "STRLEN", "key")).toBe("100000");
      }
      const client = new Redis({ path });
      expect(await client.get("key")).toHaveLength(100_000);
      client.disconnect();
      await server.close();
      await ask(theirPath, "SHUTDOWN", "NOSAVE");
      await theirs.stop();
      expect([existsSync(path), existsSync(theirPath)]).toEqual([false, false]);
    });

    test("takes the place of a socket that nobody listens at, and of nothing else", async () => {
      const folder = temporaryFolder("unix");
      const [stale, file, taken] = ["stale", "file", "taken"].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      // A process that is killed leaves its socket behind.
      const killed = await startProcess({
        cmd: [
          process.execPath,
          "-e",
          `Bun.listen({ unix: ${JSON.stringify(stale)}, socket: { data() {} } }); console.log("up")`,
        ],
        readyWhen: /up/,
      });
      await killed.kill("SIGKILL");
      expect(existsSync(stale)).toBe(true);
      const server = await startServer({ port: 0, memory: true, unixsocket: stale, transport });
      expect(await ask(stale, "PING")).toBe("PONG");
      await server.close();

      writeFileSync(file, "precious");
      const start = (unixsocket: string) => startServer({ port: 0, memory: true, unixsocket, transport });
      await expect(start(file)).rejects.toThrow(`${file}: it is a file, and not a socket`);
      expect(statSync(file).size).toBe(8);

      const other = createServer().listen(taken);
      await expect(start(taken)).rejects.toThrow(`${taken}: bind: Address already in use`);
      await new Promise<void>((resolve) => void connect(taken, resolve).unref());
      other.close();
      await expect(start(join(folder, "missing", "sock"))).rejects.toThrow("missing/sock: No such file or directory");
      await expect(start(join(folder, "x".repeat(120)))).rejects.toThrow("at most 107 bytes");
    });
  });
}

test("with port 0 a server has a Unix socket alone, and its program says so", async () => {
  const dir = temporaryFolder("unix");
  const server = await startServer({ port: 0, memory: true, unixsocket: "own.sock", dir });
  expect([server.port, server.url]).toEqual([0, `unix://${dir}/own.sock`]);
  expect(await ask(join(dir, "own.sock"), "CONFIG", "GET", "port")).toBe("port\n0");
  await server.close();
  const main = join(import.meta.dir, "../../main.ts");
  const started = await startProcess({
    cmd: [
      process.execPath,
      main,
      "--port",
      "0",
      "--unixsocket",
      join(dir, "program.sock"),
      "--enable-debug-command",
      "local",
    ],
    readyWhen: /Ready to accept connections unix (\S+)/,
  });
  expect(started.readyMatch?.[1]).toBe(join(dir, "program.sock"));
  expect(await ask(join(dir, "program.sock"), "DEBUG", "SLEEP", "0")).toBe("OK");
  await started.stop();
  expect(existsSync(join(dir, "program.sock"))).toBe(false);
});

test("nodes of one machine cannot share a Unix socket", async () => {
  const main = join(import.meta.dir, "../../main.ts");
  const started = await startProcess({ cmd: [process.execPath, main, "--nodes", "2", "--unixsocket", "x.sock"] });
  await started.exited;
  expect(started.stderr()).toBe("unixsocket names one socket, which 2 nodes cannot share\n");
});
