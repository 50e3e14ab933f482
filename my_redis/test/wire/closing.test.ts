import { afterEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { closeSocket, connectTo, NativeBytes, sendSome } from "../../../bench/open-loop/libc-sockets.ts";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { RawClient } from "./raw-client.ts";

function sendText(descriptor: number, text: string): void {
  const native = new NativeBytes(text.length);
  native.bytes.set(Buffer.from(text, "latin1"));
  expect(sendSome(descriptor, native, 0, text.length)).toBe(text.length);
}

let running: OpenServer | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function start(transport: "bun" | "node"): Promise<OpenServer> {
  running = await startOpenServer({ port: 0, memory: true, transport });
  return running;
}

async function blockedClient({ port, server }: OpenServer): Promise<RawClient> {
  const blocked = await RawClient.open(port);
  await blocked.send("BLPOP list 0\r\n");
  await waitUntil(() => server.blocking.count === 1, { what: "the client to wait", timeoutMs: 5000 });
  return blocked;
}

for (const transport of ["bun", "node"] as const) {
  describe(`the end of a connection over ${transport} sockets`, () => {
    test("comes after all replies, also when another client was answered between them", async () => {
      const server = await start(transport);
      const blocked = await blockedClient(server);
      const client = await RawClient.open(server.port);
      await client.send("PING\r\nRPUSH list value\r\nQUIT\r\n");
      expect(await client.untilClosed()).toBe("+PONG\r\n:1\r\n+OK\r\n");
      expect(await blocked.receive(10)).toContain("value");
      blocked.close();
    });

    test("comes when QUIT has no reply", async () => {
      const server = await start(transport);
      const client = await RawClient.open(server.port);
      await client.send("CLIENT REPLY OFF\r\nPING\r\nQUIT\r\n");
      expect(await client.untilClosed()).toBe("");
    });

    test("by CLIENT KILL takes none of the data that the client waited for", async () => {
      const server = await start(transport);
      const blocked = await blockedClient(server);
      const [victim] = [...server.server.clients.connected.keys()];
      const client = await RawClient.open(server.port);
      await client.send(`CLIENT KILL ID ${victim}\r\nRPUSH list value\r\nLLEN list\r\n`);
      expect(await client.receive(12)).toBe(":1\r\n:1\r\n:1\r\n");
      expect(await blocked.untilClosed()).toBe("");
      client.close();
    });

    test("by CLIENT KILL does not wait for a client that never closes its side", async () => {
      const server = await start(transport);
      const victim = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
      victim.pause();
      victim.on("error", () => {});
      await waitUntil(() => server.server.clients.connected.size === 1, { what: "the client", timeoutMs: 5000 });
      const [id] = [...server.server.clients.connected.keys()];
      const client = await RawClient.open(server.port);
      await client.send(`CLIENT KILL ID ${id}\r\n`);
      await waitUntil(() => server.server.clients.connected.size === 1, {
        what: "the client to be gone",
        timeoutMs: 5000,
      });
      victim.destroy();
      client.close();
    });

    test("keeps an element from a client that was blocked and has closed, although the server has not read that yet", async () => {
      const server = await start(transport);
      const pusher = await RawClient.open(server.port);
      await pusher.send("PING\r\n");
      await pusher.receive(7);
      const [busy, early] = [connectTo(server.port), connectTo(server.port)];
      const { connected } = server.server.clients;
      await waitUntil(() => connected.size === 3, { what: "the clients", timeoutMs: 5000 });
      sendText(busy, "BLPOP other 0\r\n");
      // What follows happens between two turns of the server, which runs in this process.
      sendText(early, "BRPOPLPUSH list taken 0\r\nPING\r\n");
      closeSocket(early);
      await pusher.send("LPUSH list value\r\nLLEN list\r\nEXISTS taken\r\n");
      expect(await pusher.receive(19)).toBe("+PONG\r\n:1\r\n:1\r\n:0\r\n");
      // A blocked client that has not closed still gets its element.
      await pusher.send("LPUSH other value\r\nLLEN other\r\n");
      expect(await pusher.receive(27)).toEndWith(":1\r\n:0\r\n");
      closeSocket(busy);
      pusher.close();
    });

    test("is reached by a client that sends its last request and closes its side", async () => {
      const server = await start(transport);
      const client = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
      let received = "";
      client.on("data", (chunk: Buffer) => {
        received += chunk.toString("latin1");
      });
      const ended = new Promise<void>((resolve) => client.once("end", () => resolve()));
      client.end("PING\r\nSET key value\r\nGET key\r\n");
      await ended;
      expect(received).toBe("+PONG\r\n+OK\r\n$5\r\nvalue\r\n");
      client.destroy();
    });
  });
}
