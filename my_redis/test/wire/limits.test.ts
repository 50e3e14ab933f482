import { afterEach, describe, expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer, type StartOptions } from "../../src/start-server.ts";
import { RawClient } from "./raw-client.ts";

let running: OpenServer | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

/** A clock that stands still until a test moves it. Background work is done every 2 ms of real time. */
class Clock {
  nowMs = 1_000_000;
  readonly environment = { nowMs: () => this.nowMs, monotonicMs: () => this.nowMs };
}

async function start(options: StartOptions): Promise<OpenServer> {
  running = await startOpenServer({ port: 0, memory: true, hz: 500, ...options });
  return running;
}

const statistic = (name: string, server: OpenServer): number =>
  (server.server.observers.statistics as unknown as Record<string, number>)[name] as number;

for (const transport of ["bun", "node"] as const) {
  describe(`limits over ${transport} sockets`, () => {
    test("maxclients: one client more gets an error and is disconnected", async () => {
      const server = await start({ transport, maxclients: 2 });
      const first = await RawClient.open(server.port);
      const second = await RawClient.open(server.port);
      await second.send("PING\r\n");
      await second.receive(7);
      const third = await RawClient.open(server.port);
      expect(await third.untilClosed()).toBe("-ERR max number of clients reached\r\n");
      expect(statistic("connectionsRejected", server)).toBe(1);
      await first.send("CONFIG SET maxclients 3\r\n");
      expect(await first.receive(5)).toBe("+OK\r\n");
      const fourth = await RawClient.open(server.port);
      await fourth.send("PING\r\n");
      expect(await fourth.receive(7)).toBe("+PONG\r\n");
      for (const client of [first, second, fourth]) client.close();
    });

    test("client-query-buffer-limit: a request that is too long ends its connection", async () => {
      const server = await start({
        transport,
        "client-query-buffer-limit": 1024 * 1024,
        "proto-max-bulk-len": 64 * 1024 * 1024,
      });
      const client = await RawClient.open(server.port);
      await client.send("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$33554432\r\n");
      for (let sent = 0; sent < 32 && !client.closed; sent++) void client.send(new Uint8Array(64 * 1024));
      expect(await client.untilClosed()).toBe("");
      expect(statistic("queryLimitDisconnections", server)).toBe(1);
    });

    test("proto-max-bulk-len: a longer argument is a protocol error, also after a change of the limit", async () => {
      const server = await start({ transport, "proto-max-bulk-len": 1024 * 1024 });
      const client = await RawClient.open(server.port);
      await client.send("*1\r\n$1048577\r\n");
      expect(await client.untilClosed()).toBe("-ERR Protocol error: invalid bulk length\r\n");
      const other = await RawClient.open(server.port);
      await other.send("CONFIG SET proto-max-bulk-len 2mb\r\n*2\r\n$4\r\nECHO\r\n$1048577\r\n");
      await other.send(Buffer.alloc(1048577, "x"));
      await other.send("\r\n");
      const received = await other.receive(1048577 + 17);
      expect(received.slice(0, 15)).toBe("+OK\r\n$1048577\r\n");
      other.close();
    });

    test("client-output-buffer-limit: a client that leaves too much unread is disconnected at once", async () => {
      const limits = { hardBytes: 4 * 1024 * 1024, softBytes: 0, softSeconds: 0 };
      const server = await start({ transport });
      server.server.settings.values["client-output-buffer-limit"] = {
        ...server.server.settings.values["client-output-buffer-limit"],
        normal: limits,
      };
      const client = await RawClient.open(server.port);
      await client.send(`SET key ${"x".repeat(60_000)}\r\n`);
      await client.receive(5);
      client.stopReading();
      void client.send("GET key\r\n".repeat(2000));
      await waitUntil(() => statistic("outputLimitDisconnections", server) === 1, {
        what: "the client to be disconnected",
        timeoutMs: 10_000,
      });
      client.close();
    });

    test("client-output-buffer-limit: a client that leaves much unread for too long is disconnected then", async () => {
      const clock = new Clock();
      const server = await start({ transport, environment: clock.environment });
      const { values } = server.server.settings;
      const normal = { hardBytes: 0, softBytes: 1024 * 1024, softSeconds: 10 };
      values["client-output-buffer-limit"] = { ...values["client-output-buffer-limit"], normal };
      const client = await RawClient.open(server.port);
      await client.send(`SET key ${"x".repeat(60_000)}\r\n`);
      await client.receive(5);
      client.stopReading();
      void client.send("GET key\r\n".repeat(400));
      const unread = (): number => [...server.server.clients.connected.values()][0]?.client.channel.pendingBytes ?? 0;
      await waitUntil(() => unread() > 1024 * 1024, { what: "replies to pile up", timeoutMs: 10_000 });
      clock.nowMs += 9_000;
      await Bun.sleep(30);
      expect(statistic("outputLimitDisconnections", server)).toBe(0);
      clock.nowMs += 2_000;
      await waitUntil(() => statistic("outputLimitDisconnections", server) === 1, {
        what: "the client to be disconnected",
        timeoutMs: 10_000,
      });
      client.close();
    });

    test("client-output-buffer-limit: the time above the soft limit begins anew once all is read", async () => {
      const clock = new Clock();
      const limit = "normal 0 1mb 10";
      const server = await start({
        transport,
        hz: 1,
        environment: clock.environment,
        "client-output-buffer-limit": limit,
      });
      const client = await RawClient.open(server.port);
      await client.send(`SET key ${"x".repeat(60_000)}\r\n`);
      await client.receive(5);
      client.stopReading();
      void client.send("GET key\r\n".repeat(400));
      const unread = (): number => [...server.server.clients.connected.values()][0]?.client.channel.pendingBytes ?? 0;
      await waitUntil(() => unread() > 1024 * 1024, { what: "replies to pile up", timeoutMs: 10_000 });
      client.startReading();
      const replyBytes = 60_000 + 10;
      await client.receive(5 + 400 * replyBytes);
      await waitUntil(() => unread() === 0, { what: "all to be read", timeoutMs: 10_000 });
      clock.nowMs += 11_000;
      await client.send("GET key\r\n".repeat(100));
      await client.receive(5 + 500 * replyBytes);
      expect(client.closed).toBe(false);
      client.close();
    });

    test("a client that does not read is not read either, gets everything when it does, and holds up no other", async () => {
      const server = await start({ transport });
      const slow = await RawClient.open(server.port);
      const valueBytes = 1024 * 1024;
      await slow.send(`*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$${valueBytes}\r\n`);
      await slow.send(Buffer.alloc(valueBytes, "v"));
      await slow.send("\r\n");
      await slow.receive(5);
      slow.stopReading();
      const asked = 160;
      for (let count = 0; count < asked; count++) await slow.send("GET key\r\n");
      const channel = [...server.server.clients.connected.values()][0]?.client.channel;
      await waitUntil(() => (channel?.pendingBytes ?? 0) > 64 * 1024 * 1024, {
        what: "replies to pile up",
        timeoutMs: 10_000,
      });
      const other = await RawClient.open(server.port);
      await other.send("PING\r\n");
      expect(await other.receive(7)).toBe("+PONG\r\n");
      // At most one reply above the limit at which reading stops.
      expect(channel?.pendingBytes).toBeLessThan(68 * 1024 * 1024);
      slow.startReading();
      const replyBytes = `$${valueBytes}\r\n`.length + valueBytes + 2;
      const received = await slow.receive(5 + asked * replyBytes);
      expect(received.length).toBe(5 + asked * replyBytes);
      slow.close();
      other.close();
    }, 30_000);

    test("timeout: an idle client is disconnected, one that waits in a blocking command is not", async () => {
      const clock = new Clock();
      const server = await start({ transport, timeout: 60, environment: clock.environment });
      const idle = await RawClient.open(server.port);
      const waiting = await RawClient.open(server.port);
      await waiting.send("XREAD BLOCK 0 STREAMS key $\r\n");
      await idle.send("PING\r\n");
      await idle.receive(7);
      await waitUntil(() => server.server.blocking.count === 1, { what: "the client to wait", timeoutMs: 10_000 });
      clock.nowMs += 59_000;
      await Bun.sleep(30);
      expect(idle.closed).toBe(false);
      clock.nowMs += 2_000;
      expect(await idle.untilClosed()).toBe("+PONG\r\n");
      expect(server.server.blocking.count).toBe(1);
      waiting.close();
    });

    test("requirepass: a client without the password may run few commands, and send only short requests", async () => {
      const server = await start({ transport, requirepass: "secret" });
      const client = await RawClient.open(server.port);
      await client.send("PING\r\nGET key\r\nAUTH wrong\r\n");
      const refusal = "-NOAUTH Authentication required.\r\n";
      const wrong = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
      expect(await client.receive(refusal.length * 2 + wrong.length)).toBe(refusal + refusal + wrong);
      await client.send("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$20000\r\n");
      expect(await client.untilClosed()).toEndWith("-ERR Protocol error: unauthenticated bulk length\r\n");
      const known = await RawClient.open(server.port);
      await known.send(`AUTH secret\r\n*2\r\n$4\r\nECHO\r\n$20000\r\n${"x".repeat(20_000)}\r\n`);
      expect(await known.receive(20_000)).toStartWith("+OK\r\n$20000\r\n");
      known.close();
    });
  });
}

/** An address of this machine that is not a loopback address. */
const outerAddress = Object.values(networkInterfaces())
  .flat()
  .find((entry) => entry?.family === "IPv4" && !entry.internal)?.address;

describe.skipIf(outerAddress === undefined)("protected-mode (skipped on a machine without a network)", () => {
  test("refuses clients from other addresses while no password is set", async () => {
    const server = await start({ bind: ["127.0.0.1", outerAddress as string] });
    const outer = await RawClient.open(server.port, outerAddress);
    expect(await outer.untilClosed()).toStartWith("-DENIED Redis is running in protected mode");
    const inner = await RawClient.open(server.port);
    await inner.send("CONFIG SET requirepass secret\r\n");
    await inner.receive(5);
    const known = await RawClient.open(server.port, outerAddress);
    await known.send("AUTH secret\r\nPING\r\n");
    expect(await known.receive(12)).toBe("+OK\r\n+PONG\r\n");
    inner.close();
    known.close();
  });
});
