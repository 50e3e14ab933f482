import { beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { findProgram, freePort, startProcess, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { certificates, openssl, tlsDirectives } from "../tls/certificates.ts";
import { TlsClient } from "../tls/tls-client.ts";
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

/** What a client prints that asks for another handshake in its open connection. TLS 1.3 has none. */
async function renegotiated(tlsPort: number): Promise<string> {
  const { ca, client: own } = certificates();
  const files = ["-CAfile", ca.cert, "-cert", own.cert, "-key", own.key];
  const words = ["s_client", "-connect", `127.0.0.1:${tlsPort}`, "-tls1_2", ...files];
  const child = Bun.spawn([openssl as string, ...words], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  let output = "";
  const printed = [child.stdout, child.stderr].map(async (stream) => {
    for await (const chunk of stream) output += Buffer.from(chunk).toString("latin1");
  });
  const say = async (text: string, answer: RegExp): Promise<void> => {
    await child.stdin.write(text);
    await child.stdin.flush();
    await waitUntil(() => answer.test(output) || child.exitCode !== null, { what: `${answer}`, timeoutMs: 10_000 });
  };
  await say("PING\n", /NOAUTH/);
  // At the beginning of a line, this letter is the request for it.
  await say("R\n", /RENEGOTIATING/);
  await say("PING\n", /NOAUTH[^]*NOAUTH/);
  child.kill();
  await Promise.all(printed);
  return output;
}

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

  test.skipIf(openssl === undefined)(
    "encrypted clients are served, and a replica follows over TLS",
    async () => {
      const { client: own, stranger } = certificates();
      const bin = join(packageFolder, "bin", "my-redis-server.js");
      const files = Object.entries(tlsDirectives()).flatMap(([name, value]) => [`--${name}`, value]);
      const start = async (...words: string[]) => {
        const tlsPort = await freePort();
        const folder = temporaryFolder("node-tls");
        const place = ["--port", "0", "--tls-port", `${tlsPort}`, "--dir", folder, ...words, ...files];
        const cmd: [string, ...string[]] = [node as string, bin, ...place];
        return {
          tlsPort,
          started: await startProcess({ cmd, readyWhen: "Ready to accept connections tls 127.0.0.1:" }),
        };
      };
      const primary = await start("--repl-diskless-sync-delay", "0", "--requirepass", "secret");
      const address = `127.0.0.1 ${primary.tlsPort}`;
      const replica = await start("--tls-replication", "yes", "--masterauth", "secret", "--replicaof", address);
      const client = await TlsClient.open(primary.tlsPort, own);
      await client.ask("AUTH secret\r\n");
      // Neither those that say nothing nor those that leave early are in the way of others.
      const silent = Array.from({ length: 200 }, () => connect(primary.tlsPort, "127.0.0.1"));
      for (const each of silent) each.on("error", () => {}).resume();
      const handshakes = (count: number) => async (): Promise<boolean> =>
        (await client.ask("INFO stats\r\n", "\r\n\r\n")).includes(`tls_handshakes_open:${count}\r`);
      await waitUntil(handshakes(200), { what: "silent clients", timeoutMs: 10_000 });
      expect(await (await TlsClient.open(primary.tlsPort, own)).ask("PING\r\n")).toContain("NOAUTH");
      expect(silent.some(({ closed }) => closed)).toBe(false);
      const changed = await TlsClient.openThrough(primary.tlsPort, own);
      expect(await changed.client.ask("AUTH secret\r\n")).toBe("+OK\r\n");
      const clients = async (): Promise<number> =>
        Number(/connected_clients:(\d+)/.exec(await client.ask("INFO clients\r\n", "\r\n\r\n"))?.[1]);
      const before = await clients();
      changed.between.write("PING\r\n");
      await waitUntil(async () => (await clients()) === before - 1, {
        what: "the end of a client whose bytes were changed",
        timeoutMs: 10_000,
      });
      expect(await renegotiated(primary.tlsPort)).not.toMatch(/NOAUTH[^]*NOAUTH/);
      // Every second one has sent the beginning of a message of TLS.
      for (const [number, each] of silent.entries()) each.end(Buffer.from(number % 2 === 0 ? [] : [22, 3, 1, 2, 0, 1]));
      await waitUntil(handshakes(0), { what: "their end", timeoutMs: 10_000 });
      const length = 8 * 1024 * 1024;
      expect(await client.ask(`SETRANGE key ${length - 1} x\r\n`)).toBe(`:${length}\r\n`);
      const whole = await client.ask("GET key\r\n", "x\r\n");
      expect(whole.length).toBe(`$${length}\r\n`.length + length + 2);
      const follower = await TlsClient.open(replica.tlsPort, own);
      await waitUntil(async () => (await follower.ask("STRLEN key\r\n")) === `:${length}\r\n`, {
        what: "the replica's data",
        timeoutMs: 20_000,
      });
      expect(await client.ask("CONFIG SET tls-cert-file /nowhere\r\n")).toContain("No such file or directory");
      expect(await client.ask(`CONFIG SET tls-ciphersuites TLS_AES_128_GCM_SHA256\r\n`)).toBe("+OK\r\n");
      const later = await TlsClient.open(primary.tlsPort, own);
      expect(later.socket.getCipher().name).toBe("TLS_AES_128_GCM_SHA256");
      expect(await (await TlsClient.open(primary.tlsPort, stranger)).ask("PING\r\n")).toBe("closed");
      expect(await later.ask("AUTH secret\r\n")).toBe("+OK\r\n");
      expect(await later.ask("QUIT\r\n")).toBe("+OK\r\n");
      await waitUntil(() => later.closed, { what: "the end after QUIT", timeoutMs: 10_000 });
      for (const { socket } of [client, follower]) socket.destroy();
      for (const { started } of [primary, replica]) expect(await started.stop()).toEqual({ code: 0, signal: null });
    },
    60_000,
  );

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
