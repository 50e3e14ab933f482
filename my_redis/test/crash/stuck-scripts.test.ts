import { describe, expect, test } from "bun:test";
import { freePort, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { newBusyClient } from "../differential/harness/busy-client.ts";
import { showReply } from "../differential/harness/reply.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";
import { type MyRedisProcess, startMyRedis } from "./my-redis-process.ts";

const loop = "return setmetatable({}, {__index = function() while true do end end}).x";
const writtenLoop = `redis.call('set', 'half', 1) ${loop}`;

const connectMany = (server: MyRedisProcess, count: number): Promise<RespConnection[]> =>
  Promise.all(Array.from({ length: count }, () => server.connect()));

/** A client that got BUSY from a script that is about to end is disconnected with it: then another one asks. */
async function shutDownByNewClient(server: MyRedisProcess): Promise<number | null> {
  const ended = server.process.exited;
  for (;;) {
    const client = await Promise.race([ended, newBusyClient(server.port).catch((error: Error) => error)]);
    if (client instanceof Error) throw client;
    if (!(client instanceof RespConnection)) return client.code;
    client.send(["SHUTDOWN", "NOSAVE"]);
    await Promise.race([ended, client.nextOrClosed()]);
  }
}

describe("SHUTDOWN NOSAVE during a script that cannot be paused", () => {
  for (const inTransaction of [false, true]) {
    const where = inTransaction ? "in a transaction" : "by itself";
    test(`keeps what was answered with OK before and after a script ${where}, and nothing of the script`, async () => {
      const folder = temporaryFolder("stuck-shutdown");
      const flags = { appendfsync: "always", "busy-reply-threshold": "100", "enable-debug-command": "yes" };
      const server = await startMyRedis(folder, flags);
      const [sleeper, caller, ...writers] = (await connectMany(server, 10)) as [RespConnection, RespConnection];
      // So that the requests that follow run in one turn, or wait for the next.
      sleeper.send(["DEBUG", "SLEEP", "0.3"]);
      await Bun.sleep(100);
      const answers: Promise<string>[] = [];
      for (const [index, writer] of (writers as RespConnection[]).entries()) {
        if (index === 4) {
          const evaluate = ["EVAL", writtenLoop, "0"];
          if (inTransaction) caller.send(["MULTI"], ["SET", "half", 0], evaluate, ["SET", "rest", 1], ["EXEC"]);
          else caller.send(evaluate);
          await Bun.sleep(10);
        }
        answers.push(writer.reply("SET", `key:${index}`, "value").then(showReply, () => "(closed)"));
        await Bun.sleep(10);
      }
      await shutDownByNewClient(server);
      const answered = (await Promise.all(answers)).map((text) => text === "+OK");
      const restarted = await startMyRedis(folder);
      const reader = await restarted.connect();
      const kept = await reader.replies(answered.map((_, index) => ["EXISTS", `key:${index}`]));
      expect(kept.map((reply) => showReply(reply) === ":1")).toEqual(answered);
      expect(showReply(await reader.reply("EXISTS", "half", "rest"))).toBe(":0");
      reader.close();
      await restarted.process.stop();
    }, 30_000);
  }
});

test("a second stuck script in the same transaction is served as the first was", async () => {
  const server = await startMyRedis(temporaryFolder("stuck-twice"), { "busy-reply-threshold": "100" });
  const caller = await server.connect();
  caller.send(["MULTI"], ["EVAL", loop, "0"], ["EVAL", writtenLoop, "0"], ["EXEC"]);
  const killer = await newBusyClient(server.port);
  // On a slow machine the first script has ended by itself: then this is answered for the second.
  await killer.reply("SCRIPT", "KILL").catch(() => undefined);
  expect(await shutDownByNewClient(server)).toBe(0);
}, 60_000);

test("many clients at one port do not keep those of the administration port out", async () => {
  const adminPort = await freePort();
  const flags = { "busy-reply-threshold": "100", "admin-port": String(adminPort) };
  const server = await startMyRedis(temporaryFolder("stuck-many"), flags);
  const caller = await server.connect();
  caller.send(["EVAL", writtenLoop, "0"]);
  const others = [await newBusyClient(server.port)];
  for (let more = 0; more < 600; more++) {
    const other = await server.connect();
    // Those that are too many are disconnected.
    await other.reply("PING").catch(() => undefined);
    others.push(other);
  }
  const administrator = await newBusyClient(adminPort);
  expect(showReply(await administrator.reply("SCRIPT", "KILL"))).toStartWith("-UNKILLABLE");
  administrator.send(["SHUTDOWN", "NOSAVE"]);
  await server.process.exited;
  for (const other of others) other.close();
}, 60_000);

test("a new client that closes its side gets its answer, and one that uploads too much is disconnected with a reason", async () => {
  const server = await startMyRedis(temporaryFolder("stuck-guests"), { "busy-reply-threshold": "100" });
  const caller = await server.connect();
  caller.send(["EVAL", writtenLoop, "0"]);
  const administrator = await newBusyClient(server.port);
  const half = await server.connect();
  half.send(["GET", "key"]);
  half.hangUp();
  expect(showReply(await half.nextOrClosed())).toStartWith("-BUSY");
  const uploading = await server.connect();
  uploading.sendRaw(Buffer.from("*2\r\n$4\r\nECHO\r\n$100000000\r\n"));
  uploading.sendRaw(Buffer.alloc(100_000_000));
  expect(showReply(await uploading.nextOrClosed())).toBe(
    "-BUSY a request of over 1048576 bytes is not accepted while a script cannot be paused",
  );
  expect(server.process.stdout() + server.process.stderr()).toContain("sent over 1048576 bytes of one request");
  administrator.send(["SHUTDOWN", "NOSAVE"]);
  await server.process.exited;
  for (const each of [caller, administrator, half, uploading]) each.close();
}, 60_000);

test("new clients are answered throughout a script that can be paused only now and then", async () => {
  const server = await startMyRedis(temporaryFolder("stuck-calls"), { "busy-reply-threshold": "20" });
  const caller = await server.connect();
  const search = "string.find(s, '%f[b]b')";
  const timed = `local s = string.rep('a', 1000000) local since = os.clock() ${search} return (os.clock() - since) * 1e6`;
  const { text: microseconds } = await caller.reply("EVAL", timed, "0");
  // Each call takes about 100 ms, longer than the server waits before it calls a thread to its help.
  const length = Math.ceil((1e6 * 1e5) / Number(microseconds));
  caller.send(["EVAL", `local s = string.rep('a', ${length}) while true do ${search} end`, "0"]);
  const isServed = () => server.process.stdout().includes("new clients are served by a stand-in until it ends");
  await waitUntil(isServed, { what: "the stand-in to listen", timeoutMs: 20_000 });
  for (let number = 0; number < 40; number++) {
    const other = await server.connect();
    expect(showReply(await other.reply("GET", "key"))).toStartWith("-BUSY");
    other.close();
    await Bun.sleep(20);
  }
  const killer = await server.connect();
  expect(showReply(await killer.reply("SCRIPT", "KILL"))).toBe("+OK");
  await server.process.kill("SIGKILL");
}, 30_000);
