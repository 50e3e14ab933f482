import { afterEach, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { closeSocket, connectTo } from "../../../bench/open-loop/libc-sockets.ts";
import { freePort, waitUntil } from "../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer, type StartOptions } from "../../src/start-server.ts";
import { RawClient } from "./raw-client.ts";

let running: OpenServer | undefined;
let clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await running?.close();
  running = undefined;
});

/** A server on whose clock each command takes a millisecond. */
async function startSlow(options: StartOptions): Promise<OpenServer> {
  let nowMs = 1_000_000;
  running = await startOpenServer({
    port: 0,
    memory: true,
    environment: { monotonicMs: () => nowMs },
    onCommand: () => {
      nowMs++;
      return undefined;
    },
    ...options,
  });
  return running;
}

async function open(port: number): Promise<RawClient> {
  const client = await RawClient.open(port);
  clients.push(client);
  return client;
}

const requests = 1000;
const numbersTo = (last: number): string => Array.from({ length: last }, (_, index) => `:${index + 1}\r\n`).join("");

for (const transport of ["bun", "node"] as const) {
  describe(`more requests than fit into a turn, over ${transport} sockets`, () => {
    test("another client is served before one client's long pipeline has ended", async () => {
      const server = await startSlow({ transport });
      const [greedy, modest] = [await open(server.port), await open(server.port)];
      const sent = [greedy.send("INCR n\r\n".repeat(requests)), modest.send("INCR n\r\n")];
      await Promise.all(sent);
      const own = Number((await modest.receive(3)).slice(1));
      expect(own).toBeLessThan(requests);
      await greedy.receive(numbersTo(requests).length);
    });

    test("another client is served before a few slow requests have ended", async () => {
      const server = await startSlow({ transport });
      const [greedy, modest] = [await open(server.port), await open(server.port)];
      // Not a command that counts as short.
      const slow = "EVAL \"return redis.call('incr', 'n')\" 0\r\n";
      await Promise.all([greedy.send(slow.repeat(30)), modest.send("INCR n\r\n")]);
      expect(Number((await modest.receive(3)).slice(1))).toBeLessThan(10);
      await greedy.receive(numbersTo(30).length);
    });

    test("the waiting input of all clients has a limit, above which nothing more is read until half of it has run", async () => {
      const limitBytes = 1024 * 1024;
      const server = await startSlow({ transport, "client-waiting-limit": limitBytes, "admin-port": await freePort() });
      const many: RawClient[] = [];
      for (let count = 0; count < 20; count++) many.push(await open(server.port));
      let most = 0;
      let wasFull = false;
      const watched = setInterval(() => {
        const lines = new Map(server.server.info.linesOf("clients"));
        most = Math.max(most, Number(lines.get("clients_waiting_bytes")));
        wasFull ||= lines.get("clients_not_read") === 1;
      }, 1);
      const rounds = 400;
      const padded = `SET ${"k".repeat(1000)} v\r\n`;
      await Promise.all(many.map((client) => client.send(padded.repeat(rounds))));
      for (const client of many) await client.receive("+OK\r\n".length * rounds);
      clearInterval(watched);
      expect(wasFull).toBe(true);
      // What the runtime reads in one piece comes on top.
      expect(most).toBeLessThan(limitBytes + 512 * 1024);
      const { values } = server.server.settings;
      expect(values["client-waiting-limit"]).toBe(limitBytes);
      expect(new Map(server.server.info.linesOf("clients")).get("clients_not_read")).toBe(0);
    }, 30_000);

    test("the input of clients that send without pause is answered in its order, up to its end", async () => {
      const server = await startSlow({ transport });
      const many: RawClient[] = [];
      for (let count = 0; count < 5; count++) many.push(await open(server.port));
      // Requests of many lengths, so that pieces of the input end everywhere within them.
      const rounds = 3000;
      const echoed = (index: number): string => `${index}:${"x".repeat((index * 37) % 101)}`;
      const asked = Array.from({ length: rounds }, (_, index) => `ECHO ${echoed(index)}\r\n`).join("");
      const expected = Array.from({ length: rounds }, (_, index) => {
        const text = echoed(index);
        return `$${text.length}\r\n${text}\r\n`;
      }).join("");
      await Promise.all(many.map((client) => client.send(asked)));
      for (const client of many) {
        client.finish();
        expect(await client.receive(expected.length)).toBe(expected);
        await client.untilClosed();
      }
    }, 30_000);

    // Node's sockets are read by the runtime.
    if (transport !== "node") {
      test("a long argument is read in few turns, while another client's requests fill all of them", async () => {
        const server = await startSlow({ transport });
        const [greedy, large] = [await open(server.port), await open(server.port)];
        const pieces = 512;
        await greedy.send("INCR n\r\n".repeat(20 * pieces));
        const bytes = pieces * 16 * 1024;
        await large.send(`*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$${bytes}\r\n${"x".repeat(bytes)}\r\nGET n\r\n`);
        const [, , count] = (await large.receive("+OK\r\n$1\r\n1\r\n".length)).split("\r\n");
        // Each turn runs 32 short requests of the greedy client. With a piece for each turn all of them would have run.
        expect(Number(count)).toBeGreaterThan(0);
        expect(Number(count)).toBeLessThan(pieces * 8);
      }, 30_000);
    }

    test("clients that are released together run what they have pipelined in turns, and not in one", async () => {
      const server = await startSlow({ transport });
      const many: RawClient[] = [];
      for (let count = 0; count < 10; count++) many.push(await open(server.port));
      for (const client of many) await client.send(`BLPOP list 0\r\n${"INCR n\r\n".repeat(20)}`);
      await waitUntil(() => server.server.blocking.count === 10, { what: "the clients to wait", timeoutMs: 5000 });
      const pusher = await open(server.port);
      await pusher.send(`RPUSH list ${"x ".repeat(10)}\r\n`);
      await pusher.receive(5);
      for (const client of many) await client.receive(100);
      expect(new Map(server.server.info.linesOf("clients")).get("clients_put_off")).toBeGreaterThan(0);
    });

    test("input that waits for its first turn counts for maxmemory-clients", async () => {
      const server = await startSlow({ transport, "maxmemory-clients": 40 * 1024 });
      const [greedy, large, modest] = [await open(server.port), await open(server.port), await open(server.port)];
      const sent = [
        greedy.send("INCR n\r\n".repeat(requests)),
        large.send(`RPUSH large ${"x".repeat(1000)}\r\n`.repeat(400)),
      ];
      await Promise.all(sent);
      await large.untilClosed();
      await modest.send("EXISTS large\r\n");
      expect(await modest.receive(4)).toBe(":0\r\n");
    });

    test("the requests of many clients are all answered, each client's in their order", async () => {
      const server = await startSlow({ transport });
      const many: RawClient[] = [];
      for (let count = 0; count < 20; count++) many.push(await open(server.port));
      await Promise.all(many.map((client, index) => client.send(`INCR n:${index}\r\n`.repeat(requests))));
      // What arrives while a client waits for its turn is kept with the rest.
      await Promise.all(many.map((client, index) => client.send(`INCR n:${index}\r\n`.repeat(requests))));
      const expected = numbersTo(2 * requests);
      for (const client of many) expect(await client.receive(expected.length)).toBe(expected);
    });

    test("closing the server finishes the requests that wait for their turn", async () => {
      const server = await startSlow({ transport });
      const client = await open(server.port);
      await client.send("INCR n\r\n".repeat(requests));
      await client.receive(4);
      await server.close();
      expect(server.server.keyspace.dirty).toBe(requests);
    });

    test("a client that has waited is read again, although it has not read its replies yet", async () => {
      const server = await startSlow({ transport });
      const { keyspace } = server.server;
      const client = await open(server.port);
      client.stopReading();
      await client.send(`SETRANGE large 8000000 x\r\n${"GET large\r\n".repeat(3)}`);
      const channel = [...server.server.clients.connected.values()][0]?.client.channel;
      await waitUntil(() => (channel?.pendingBytes ?? 0) > 0, { what: "unread replies", timeoutMs: 10_000 });
      for (let rounds = 1; rounds <= 3; rounds++) {
        await client.send("INCR n\r\n".repeat(requests));
        const changes = 1 + rounds * requests;
        await waitUntil(() => keyspace.dirty === changes, { what: "the requests to run", timeoutMs: 10_000 });
      }
      expect(channel?.pendingBytes).toBeGreaterThan(0);
    }, 30_000);

    test("a client that blocks in the middle of its pipeline goes on when it is released", async () => {
      const server = await startSlow({ transport });
      const [blocked, other] = [await open(server.port), await open(server.port)];
      await blocked.send(`${"INCR n\r\n".repeat(200)}BLPOP list 0\r\n${"INCR n\r\n".repeat(200)}`);
      await blocked.receive(numbersTo(200).length);
      await other.send("RPUSH list x\r\n");
      await other.receive(4);
      const popped = "*2\r\n$4\r\nlist\r\n$1\r\nx\r\n";
      const before = numbersTo(200);
      const expected = `${before}${popped}${numbersTo(400).slice(before.length)}`;
      expect(await blocked.receive(expected.length)).toBe(expected);
    });
  });

  describe(`the administration port, over ${transport} sockets`, () => {
    test("its clients do not count against maxclients", async () => {
      const adminPort = await freePort();
      const server = await startSlow({ transport, maxclients: 1, "admin-port": adminPort });
      const first = await open(server.port);
      const refused = await open(server.port);
      expect(await refused.untilClosed()).toBe("-ERR max number of clients reached\r\n");
      for (let count = 0; count < 3; count++) {
        const admin = await open(adminPort);
        await admin.send("PING\r\n");
        expect(await admin.receive(7)).toBe("+PONG\r\n");
      }
      await first.send("PING\r\n");
      expect(await first.receive(7)).toBe("+PONG\r\n");
    });

    test("its requests do not wait for the turns of other clients", async () => {
      const adminPort = await freePort();
      const server = await startSlow({ transport, "admin-port": adminPort });
      const [greedy, waiting, admin] = [await open(server.port), await open(server.port), await open(adminPort)];
      await Promise.all([
        greedy.send("INCR n\r\n".repeat(requests)),
        waiting.send("INCR n\r\n".repeat(requests)),
        admin.send("INCRBY n 0\r\n"),
      ]);
      expect(Number((await admin.receive(3)).slice(1))).toBeLessThan(requests);
    });

    test("it asks for the password like every other port", async () => {
      const adminPort = await freePort();
      await startSlow({ transport, requirepass: "secret", "admin-port": adminPort });
      const admin = await open(adminPort);
      await admin.send("PING\r\n");
      expect(await admin.receive(34)).toStartWith("-NOAUTH");
    });
  });
}

test("of a client that sends without pause a small piece is in the server, and the rest waits in the system", async () => {
  const count = 6000;
  const waitingBytes: number[] = [];
  let nowMs = 1_000_000;
  const server: OpenServer = await startSlow({
    transport: "bun",
    onCommand: () => {
      waitingBytes.push(Number(new Map(server.server.info.linesOf("clients")).get("clients_waiting_bytes")));
      nowMs++;
      return undefined;
    },
    environment: { monotonicMs: () => nowMs },
  });
  const [greedy, other] = [await open(server.port), await open(server.port)];
  const padded = `SET ${"k".repeat(1000)} v\r\n`;
  const sent = [greedy, other].map((client) => client.send(padded.repeat(count / 2)));
  for (const client of [greedy, other]) await client.receive(("+OK\r\n".length * count) / 2);
  await Promise.all(sent);
  expect(waitingBytes).toHaveLength(count);
  // Before the server reads for itself, the runtime has read a long piece of each client.
  expect(Math.max(...waitingBytes)).toBeGreaterThan(64 * 1024);
  expect(Math.max(...waitingBytes.slice(-count / 4))).toBeLessThanOrEqual(2 * 16 * 1024 + 2 * padded.length);
}, 30_000);

test("INFO clients counts the clients of the administration port, and those that wait for their turn", async () => {
  const adminPort = await freePort();
  await startSlow({ "admin-port": adminPort });
  const admin = await open(adminPort);
  await admin.send("INFO clients\r\n");
  const text = await admin.receive(200);
  expect(text).toContain("admin_clients:1\r\n");
  expect(text).toContain("clients_waiting_for_turn:0\r\n");
});

describe("a server whose clients wait for too long", () => {
  const busy = "-BUSY the server is overloaded and has not run this command. Repeat it later.\r\n";

  /** On the clock of this server a client of the ordinary port waits for at least 100 ms, once it has to wait. */
  async function startOverloaded(
    directives: StartOptions,
    onCommand500?: () => void,
  ): Promise<{
    server: OpenServer;
    adminPort: number;
    messages: string[];
    waiting: RawClient[];
  }> {
    const messages: string[] = [];
    const adminPort = await freePort();
    let nowMs = 1_000_000;
    let commands = 0;
    running = await startOpenServer({
      port: 0,
      memory: true,
      "admin-port": adminPort,
      environment: { monotonicMs: () => nowMs, report: (_level, message) => messages.push(message) },
      onCommand: () => {
        nowMs += 60;
        if (++commands === 500) onCommand500?.();
        return undefined;
      },
      ...directives,
    });
    const waiting = [await open(running.port), await open(running.port), await open(running.port)];
    return { server: running, adminPort, messages, waiting };
  }

  test("refuses what overload-refuses names first, tells it once, and ends with the wait", async () => {
    const { server, adminPort, messages, waiting } = await startOverloaded({
      "overload-wait-ms": 100,
      "overload-refuses": ["writes", "connections"],
    });
    await Promise.all(waiting.map((client) => client.send("INCR n\r\n".repeat(100))));
    for (const client of waiting) await client.receive(100 * 4);
    const replies = waiting.map(({ received }) => received).join("");
    const refused = replies.split(busy).length - 1;
    expect(refused).toBeGreaterThan(0);
    expect(server.server.keyspace.dirty).toBe(300 - refused);
    const admin = await open(adminPort);
    await admin.send("INCR n\r\nINFO clients\r\n");
    const text = await admin.receive(400);
    expect(text).toStartWith(`:${301 - refused}\r\n`);
    expect(text).toContain(`overload_refused_requests:${refused}\r\n`);
    expect(text).toContain("overload_refuses:nothing\r\n");
    const lines = messages.filter((line) => line.includes("overload"));
    expect(lines.length).toBeLessThan(20);
    expect(lines[0]).toStartWith("overloaded, new writes");
    expect(lines.at(-1)).toStartWith("the overload is over");
  });

  test("answers BUSY to ioredis and node-redis, which reject that command and keep the connection", async () => {
    const { server, waiting } = await startOverloaded({ "overload-wait-ms": 100, "overload-refuses": ["writes"] });
    const ioredis = new Redis({ port: server.port });
    const nodeRedis = await createClient({ url: server.url }).connect();
    await ioredis.ping();
    const before = server.server.clients.connected.size;
    const load = waiting.map((client) => client.send("INCR n\r\n".repeat(300)));
    const asked = Array.from({ length: 100 }, () => [ioredis.incr("n"), nodeRedis.incr("n")]).flat();
    await Promise.all(load);
    const outcomes = await Promise.allSettled(asked);
    const reasons = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [String(outcome.reason)] : []));
    expect(reasons.length).toBeGreaterThan(0);
    for (const reason of reasons) expect(reason).toContain("BUSY the server is overloaded");
    expect(await ioredis.ping()).toBe("PONG");
    expect(await nodeRedis.ping()).toBe("PONG");
    expect(server.server.clients.connected.size).toBe(before);
    ioredis.disconnect();
    nodeRedis.destroy();
  });

  test("refuses new clients as it does above maxclients, and keeps those that it has", async () => {
    let late = -1;
    const overloaded = await startOverloaded({ "overload-wait-ms": 100 }, () => {
      late = connectTo(overloaded.server.port);
    });
    const { server, adminPort, waiting } = overloaded;
    const { statistics } = server.server.observers;
    await Promise.all(waiting.map((client) => client.send("INCR n\r\n".repeat(1000))));
    await waitUntil(() => statistics.connectionsRejected === 1, { what: "the refusal", timeoutMs: 4000 });
    closeSocket(late);
    expect(statistics.overloadRefusedConnections).toBe(1);
    expect(statistics.errorsByCode.get("ERR")).toBe(1);
    const admin = await open(adminPort);
    await admin.send("PING\r\n");
    expect(await admin.receive(7)).toBe("+PONG\r\n");
    await waitUntil(() => server.server.keyspace.dirty === 3000, { what: "all requests to run", timeoutMs: 4000 });
    expect(waiting.some(({ closed }) => closed)).toBe(false);
  });

  test("refuses nothing with overload-wait-ms 0", async () => {
    const { server, waiting } = await startOverloaded({ "overload-wait-ms": 0, "overload-refuses": ["writes"] });
    await Promise.all(waiting.map((client) => client.send("INCR n\r\n".repeat(100))));
    for (const client of waiting) await client.receive(350);
    await waitUntil(() => server.server.keyspace.dirty === 300, { what: "all requests to run", timeoutMs: 5000 });
  });
});
