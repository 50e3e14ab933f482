import { afterEach, describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { RawClient } from "./raw-client.ts";

let running: OpenServer;
const clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await running.close();
});

const limitBytes = 1_000_000;

async function start(...directives: string[]): Promise<void> {
  running = await startOpenServer({ port: 0, memory: true, bind: ["127.0.0.1"] });
  const admin = await open();
  await admin.send(directives.map((each) => `CONFIG SET ${each}\r\n`).join(""));
  expect(await admin.receive(5 * directives.length)).toBe("+OK\r\n".repeat(directives.length));
}

async function open(...first: string[]): Promise<RawClient> {
  const client = await RawClient.open(running.port);
  clients.push(client);
  for (const line of first) {
    await client.send(`${line}\r\n`);
    expect(await client.receive(5)).toStartWith("+OK\r\n");
  }
  return client;
}

/** The beginning of a request, in this many bytes; the server holds it until the rest arrives. */
const part = (bytes: number): string => `*2\r\n$4\r\nECHO\r\n$${bytes + 10}\r\n${"x".repeat(bytes)}`;

const evicted = (): number => running.server.observers.statistics.evictedClients;
const untilEvicted = (count: number): Promise<void> =>
  waitUntil(() => evicted() === count, { what: `${count} clients to be evicted`, timeoutMs: 10_000 });

/** Waits until the server holds this many bytes of unfinished requests. */
const untilHeld = (bytes: number): Promise<void> =>
  waitUntil(
    () => {
      const contexts = [...running.server.clients.connected.values()];
      return contexts.reduce((sum, { client }) => sum + client.channel.heldBytes, 0) >= bytes;
    },
    { what: `${bytes} bytes to be held`, timeoutMs: 10_000 },
  );

describe("maxmemory-clients", () => {
  test("disconnects a client whose unfinished request is too long, and no other", async () => {
    await start(`maxmemory-clients ${limitBytes}`);
    const other = await open();
    const large = await open();
    void large.send(part(limitBytes));
    await large.untilClosed();
    expect(evicted()).toBe(1);
    await other.send("INFO stats\r\n");
    await waitUntil(() => other.received.includes("evicted_clients:1\r\n"), { what: "INFO", timeoutMs: 5000 });
  });

  test("disconnects the largest clients first, until the others fit", async () => {
    await start(`maxmemory-clients ${limitBytes}`);
    const sizes = [200_000, 300_000, 400_000];
    const holding: RawClient[] = [];
    for (const bytes of sizes) {
      const client = await open();
      await client.send(part(bytes));
      holding.push(client);
    }
    await untilHeld(900_000);
    expect(evicted()).toBe(0);
    const last = await open();
    void last.send(part(350_000));
    await untilEvicted(1);
    await holding[2]?.untilClosed();
    await last.send("0123456789\r\n");
    expect(await last.receive(350_020)).toContain("0123456789");
    expect(holding.map(({ closed }) => closed)).toEqual([false, false, true]);
  });

  test("counts what is queued for EXEC", async () => {
    await start(`maxmemory-clients ${limitBytes}`);
    const client = await open("MULTI");
    for (let count = 0; count < 20 && !client.closed; count++) void client.send(`ECHO ${"x".repeat(60_000)}\r\n`);
    await client.untilClosed();
    expect(evicted()).toBe(1);
  });

  test("counts unread replies, as a percentage of maxmemory", async () => {
    await start("maxmemory 100mb", "maxmemory-clients 20%");
    const client = await open();
    await client.send("SETRANGE k 10000000 x\r\n");
    await client.receive(11);
    client.stopReading();
    for (let count = 0; count < 6; count++) void client.send("GET k\r\n");
    await untilEvicted(1);
  });

  test("spares clients with NO-EVICT, and disconnects others in their place", async () => {
    await start(`maxmemory-clients ${limitBytes}`);
    const spared = await open("CLIENT NO-EVICT ON");
    void spared.send(part(limitBytes));
    await untilHeld(limitBytes);
    const small = await open();
    await small.send("PING\r\n");
    await small.untilClosed();
    await spared.send("0123456789\r\n");
    expect(await spared.receive(limitBytes + 20)).toContain("0123456789");
    expect(spared.closed).toBe(false);
  });

  test("takes effect when it is lowered, after the reply", async () => {
    await start();
    const large = await open();
    await large.send(part(2 * limitBytes));
    await untilHeld(2 * limitBytes);
    const admin = await open(`CONFIG SET maxmemory-clients ${limitBytes}`);
    await large.untilClosed();
    expect([evicted(), admin.closed]).toEqual([1, false]);
  });
});
