import { beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, startProcess, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { RawClient } from "../wire/raw-client.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

const packageFolder = join(import.meta.dir, "../..");
const buildProgram = join(packageFolder, "../tools/build-packages/main.ts");
const node = findProgram("node");

/** Runs in Node, from a folder in which "my-redis" is a dependency. */
const program = `
import { connect } from "node:net";
import { startServer } from "my-redis";
const running = await startServer({ port: 0, memory: true });
const socket = connect(running.port, "127.0.0.1");
let answers = "";
socket.on("data", (chunk) => {
  answers += chunk;
  if (!answers.includes("done")) return;
  console.log(JSON.stringify({ answers, bun: typeof Bun }));
  socket.destroy();
  running.close().then(() => console.log("closed"));
});
socket.write("SET key value\\r\\nGET key\\r\\nHSET hash field value\\r\\nHGETALL hash\\r\\nECHO done\\r\\n");
`;

describe.skipIf(node === undefined)("in a Node program (skipped where there is no node on PATH)", () => {
  beforeAll(async () => {
    const build = await startProcess({ cmd: [process.execPath, buildProgram, "my-redis"], cwd: packageFolder });
    expect((await build.exited).code).toBe(0);
  });

  test("startServer starts a server that answers on node:net, and closes it", async () => {
    const folder = temporaryFolder("embedding");
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(packageFolder, join(folder, "node_modules", "my-redis"));
    const file = join(folder, "program.mjs");
    writeFileSync(file, program);
    const started = await startProcess({ cmd: [node as string, file], readyWhen: "closed" });
    expect((await started.exited).code).toBe(0);
    const answers = "+OK\r\n$5\r\nvalue\r\n:1\r\n*2\r\n$5\r\nfield\r\n$5\r\nvalue\r\n$4\r\ndone\r\n";
    expect(JSON.parse(started.stdout().split("\n")[0] as string)).toEqual({ answers, bun: "undefined" });
  });

  test("the program starts, says where it listens, and stops on SIGTERM", async () => {
    const bin = join(packageFolder, "bin", "my-redis-server.js");
    const started = await startProcess({
      cmd: [node as string, bin, "--port", "0"],
      readyWhen: /Ready to accept connections tcp 127\.0\.0\.1:\d+/,
    });
    expect(await started.stop()).toEqual({ code: 0, signal: null });
  });

  test("a blocked client that has closed gets no element, and one that has sent more goes on with it", async () => {
    const bin = join(packageFolder, "bin", "my-redis-server.js");
    const started = await startProcess({
      cmd: [node as string, bin, "--port", "0", "--enable-debug-command", "yes"],
      readyWhen: /Ready to accept connections tcp 127\.0\.0\.1:\d+/,
    });
    const port = Number(/Ready to accept connections tcp 127\.0\.0\.1:(\d+)/.exec(started.stdout())?.[1]);
    const [closing, alive, busy] = [await RawClient.open(port), await RawClient.open(port), await RawClient.open(port)];
    const pusher = await RespConnection.open(port, "MyRedis on Node");
    for (const client of [closing, alive, busy]) await client.send("PING\r\n");
    for (const client of [closing, alive, busy]) await client.receive(7);
    // Meanwhile the server reads nothing, so that all of what follows is there when it does.
    await busy.send("DEBUG SLEEP 0.3\r\n");
    await closing.send("BRPOPLPUSH list taken 0\r\n");
    closing.close();
    await alive.send("BLPOP other 0\r\n");
    await pusher.reply("LPUSH", "list", "value");
    expect((await pusher.reply("EXISTS", "taken")).text).toBe("0");
    await busy.send("DEBUG SLEEP 0.3\r\n");
    const pushed = pusher.reply("LPUSH", "other", "value");
    await alive.send("ECHO one\r\nECHO two\r\n");
    await pushed;
    await alive.send("ECHO three\r\n");
    const expected = "+PONG\r\n*2\r\n$5\r\nother\r\n$5\r\nvalue\r\n$3\r\none\r\n$3\r\ntwo\r\n$5\r\nthree\r\n";
    expect(await alive.receive(expected.length)).toBe(expected);
    alive.close();
    busy.close();
    await started.stop();
  });

  test("a snapshot and a rewritten log are written in the background", async () => {
    const folder = temporaryFolder("embedding-files");
    const bin = join(packageFolder, "bin", "my-redis-server.js");
    const started = await startProcess({
      cmd: [node as string, bin, "--port", "0", "--dir", folder, "--appendonly", "yes"],
      readyWhen: /Ready to accept connections tcp 127\.0\.0\.1:\d+/,
    });
    const port = Number(/Ready to accept connections tcp 127\.0\.0\.1:(\d+)/.exec(started.stdout())?.[1]);
    const client = await RespConnection.open(port, "MyRedis on Node");
    await client.reply("SET", "key", "value");
    const persistence = async (): Promise<string> => (await client.reply("INFO", "persistence")).text ?? "";
    const until = (line: string): Promise<void> =>
      waitUntil(async () => (await persistence()).includes(line), { what: line, timeoutMs: 10_000 });
    await client.reply("BGSAVE");
    await until("rdb_saves:1\r\n");
    await client.reply("BGREWRITEAOF");
    await until("aof_rewrites:1\r\n");
    expect(readdirSync(folder).sort()).toEqual(["appendonlydir", "dump.rdb"]);
    client.close();
    expect(await started.stop()).toEqual({ code: 0, signal: null });
  });
});
