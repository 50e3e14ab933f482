import { afterEach, describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { type OpenServer, type StartOptions, startOpenServer } from "../../src/start-server.ts";
import { RawClient } from "./raw-client.ts";
import { SlowDisk } from "./slow-disk.ts";

let running: OpenServer | undefined;
let clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await running?.close();
  running = undefined;
});

const mib = 1024 * 1024;

for (const transport of ["bun", "node"] as const) {
  const start = async (options: StartOptions = {}): Promise<{ disk: SlowDisk; server: OpenServer }> => {
    running = await startOpenServer({ port: 0, memory: true, transport, ...options });
    const client = await open();
    await client.send(`*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$${mib}\r\n${"v".repeat(mib)}\r\n`);
    await client.receive(5);
    client.close();
    const server = running;
    await waitUntil(() => server.server.clients.connected.size === 0, { what: "the end", timeoutMs: 5000 });
    const disk = new SlowDisk();
    disk.attachTo(server);
    return { disk, server };
  };

  const open = async (): Promise<RawClient> => {
    const client = await RawClient.open((running as OpenServer).port);
    clients.push(client);
    return client;
  };

  const pendingOf = ({ server }: OpenServer): number =>
    [...server.clients.connected.values()].reduce((sum, { client }) => sum + client.channel.pendingBytes, 0);

  describe(`replies over ${transport} sockets that wait for the disk`, () => {
    test("count as the client's output; above 64 MiB nothing more is run, and afterwards all is answered", async () => {
      const { disk, server } = await start();
      const client = await open();
      const asked = 90;
      await client.send("GET key\r\n".repeat(asked));
      await waitUntil(() => pendingOf(server) > 64 * mib, { what: "replies to pile up", timeoutMs: 10_000 });
      for (let turn = 0; turn < 20; turn++) await Bun.sleep(5);
      expect(pendingOf(server)).toBeLessThan(68 * mib);
      await client.send("ECHO last\r\n");
      const bytes = asked * (mib + 12) + 10;
      let received = "";
      void client.receive(bytes).then((text) => (received = text));
      await disk.answerAlways(() => received !== "");
      expect(received).toEndWith("$4\r\nlast\r\n");
      expect(received.length).toBe(bytes);
      expect(pendingOf(server)).toBe(0);
    }, 30_000);

    test("are subject to the output limit before they are sent", async () => {
      const { disk, server } = await start({ "client-output-buffer-limit": "normal 8mb 0 0" });
      const client = await open();
      await client.send("GET key\r\n".repeat(50));
      await client.untilClosed();
      expect(client.received).toBe("");
      expect(server.server.observers.statistics.outputLimitDisconnections).toBe(1);
      disk.answer();
    });

    test("count for maxmemory-clients", async () => {
      const { server } = await start({ "maxmemory-clients": 8 * mib });
      const client = await open();
      await client.send("GET key\r\n".repeat(50));
      await client.untilClosed();
      expect(server.server.observers.statistics.evictedClients).toBe(1);
    });

    test("a short one counts with what it takes besides its bytes", async () => {
      const { disk, server } = await start();
      const client = await open();
      for (let sent = 1; sent <= 100; sent++) {
        await client.send("PING\r\n");
        await waitUntil(() => disk.waiting === sent, { what: "the reply", timeoutMs: 5000, intervalMs: 1 });
      }
      expect(pendingOf(server)).toBeGreaterThan(100 * 200);
      disk.answer();
      expect(await client.receive(700)).toBe("+PONG\r\n".repeat(100));
      expect(pendingOf(server)).toBe(0);
    });

    test("do not make their client idle", async () => {
      let nowMs = 1_000_000;
      const { disk, server } = await start({
        ...{ timeout: 5, hz: 500 },
        environment: { nowMs: () => nowMs, monotonicMs: () => nowMs },
      });
      const [waiting, idle] = [await open(), await open()];
      await waiting.send("PING\r\n");
      await waitUntil(() => disk.waiting > 0, { what: "the reply", timeoutMs: 5000 });
      nowMs += 6000;
      await idle.untilClosed();
      disk.answer();
      expect(await waiting.receive(7)).toBe("+PONG\r\n");
      expect(server.server.clients.connected.size).toBe(1);
    });

    test("end their connections when the disk fails, and count no more", async () => {
      const { disk, server } = await start();
      const client = await open();
      await client.send("GET key\r\n");
      await waitUntil(() => disk.waiting > 0, { what: "the reply", timeoutMs: 5000 });
      disk.answer(false);
      expect(await client.untilClosed()).toBe("");
      await waitUntil(() => server.server.clients.connected.size === 0, { what: "the end", timeoutMs: 5000 });
    });
  });
}
