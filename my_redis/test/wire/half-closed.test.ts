import { afterEach, describe, expect, test } from "bun:test";
import {
  closeSocket,
  connectTo,
  endSending,
  NativeBytes,
  receiveSome,
  sendSome,
} from "../../../bench/open-loop/libc-sockets.ts";
import { temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { type OpenServer, type StartOptions, startOpenServer } from "../../src/start-server.ts";

let running: OpenServer | undefined;
let descriptors: number[] = [];

afterEach(async () => {
  for (const descriptor of descriptors) closeSocket(descriptor);
  descriptors = [];
  await running?.close();
  running = undefined;
});

/** Many bytes of replies, of which the system's buffers hold a part. */
const largeBytes = 20_000_000;

/** Connects, sends all of the text and then the end, before the server reads any of it. */
function sendAndEnd(port: number, text: string): number {
  const descriptor = connectTo(port);
  descriptors.push(descriptor);
  const native = new NativeBytes(text.length);
  native.bytes.set(Buffer.from(text, "latin1"));
  expect(sendSome(descriptor, native, 0, text.length)).toBe(text.length);
  endSending(descriptor);
  return descriptor;
}

const scratch = new NativeBytes(1024 * 1024);

/** Reads up to the server's end; returns the text of each connection. */
async function readAll(of: readonly number[]): Promise<string[]> {
  const texts = of.map(() => "");
  const open = new Set(of.keys());
  const read = (): boolean => {
    for (const index of open) {
      for (;;) {
        const count = receiveSome(of[index] as number, scratch);
        if (count > 0) texts[index] += Buffer.from(scratch.bytes.subarray(0, count)).toString("latin1");
        else if (count === 0) open.delete(index);
        if (count <= 0) break;
      }
    }
    return open.size === 0;
  };
  await waitUntil(read, { what: "the end of all connections", timeoutMs: 50_000, intervalMs: 1 });
  return texts;
}

const isClosing = ({ server }: OpenServer): boolean =>
  [...server.clients.connected.values()].some(({ client }) => client.closing);

async function readAllOf(descriptor: number): Promise<string> {
  return (await readAll([descriptor]))[0] as string;
}

for (const transport of ["bun", "node"] as const) {
  const start = async (options: StartOptions = {}): Promise<OpenServer> => {
    running = await startOpenServer({ port: 0, memory: true, transport, ...options });
    return running;
  };

  describe(`a client over ${transport} sockets that sends its requests, closes its side and still reads`, () => {
    test("gets all answers in a storm of such clients, more than a turn serves", async () => {
      // On a slow machine a storm is overload, and new connections would be refused.
      const server = await start({ "overload-wait-ms": 0 });
      const each = 200;
      const clients = Array.from({ length: 400 }, () => sendAndEnd(server.port, "INCR count\r\n".repeat(each)));
      const texts = await readAll(clients);
      expect(new Map(server.server.info.linesOf("clients")).get("clients_put_off")).toBeGreaterThan(0);
      const answers = texts.flatMap((text) => text.split("\r\n").slice(0, -1));
      expect(answers.length).toBe(400 * each);
      expect(new Set(answers).size).toBe(400 * each);
      await waitUntil(() => server.server.clients.connected.size === 0, { what: "no client", timeoutMs: 5000 });
    });

    test("gets all of a reply that is larger than the system's buffers", async () => {
      const server = await start();
      const client = sendAndEnd(server.port, `SETRANGE large ${largeBytes} x\r\nGET large\r\nPING\r\n`);
      const expected = `:${largeBytes + 1}\r\n$${largeBytes + 1}\r\n`.length + largeBytes + 3 + "+PONG\r\n".length;
      expect((await readAllOf(client)).length).toBe(expected);
    });

    test("is served on after it has read the replies for which nothing more was read from it", async () => {
      const server = await start();
      // More replies than a client may leave unread, so that the server stops in between.
      const gets = "GET large\r\n".repeat(4);
      const client = sendAndEnd(server.port, `SETRANGE large ${largeBytes} x\r\n${gets}PING\r\n`);
      expect((await readAllOf(client)).endsWith("x\r\n+PONG\r\n")).toBe(true);
    });

    test("gets its answer after the log of its turn is on the disk", async () => {
      const server = await start({
        memory: false,
        dir: temporaryFolder("half-closed"),
        appendonly: true,
        appendfsync: "always",
      });
      expect(await readAllOf(sendAndEnd(server.port, "SET key value\r\nGET key\r\n"))).toBe("+OK\r\n$5\r\nvalue\r\n");
    });

    test("gets what was answered before it began to wait for a key, and loses no element", async () => {
      const server = await start();
      const client = sendAndEnd(server.port, "ECHO before\r\nBLPOP list 0\r\nECHO after\r\n");
      expect(await readAllOf(client)).toBe("$6\r\nbefore\r\n");
      expect(server.server.blocking.count).toBe(0);
      const other = sendAndEnd(server.port, "RPUSH list value\r\nLLEN list\r\n");
      expect(await readAllOf(other)).toBe(":1\r\n:1\r\n");
    });

    test("gets what was answered before, when an element comes before the server has read the end", async () => {
      const server = await start();
      // All of this is there before the server looks: the element comes in the turn in which the client blocks.
      const client = sendAndEnd(server.port, "ECHO before\r\nBLPOP list 0\r\n");
      const other = sendAndEnd(server.port, "RPUSH list value\r\nLLEN list\r\n");
      expect(await readAll([client, other])).toEqual(["$6\r\nbefore\r\n", ":1\r\n:1\r\n"]);
    });

    test("is disconnected when it has read none of its replies for a minute", async () => {
      let nowMs = 1_000_000;
      const server = await start({ hz: 500, environment: { nowMs: () => nowMs, monotonicMs: () => nowMs } });
      const client = sendAndEnd(server.port, `SETRANGE large ${largeBytes} x\r\nGET large\r\n`);
      const { connected } = server.server.clients;
      await waitUntil(() => isClosing(server), { what: "the end to be read", timeoutMs: 5000 });
      nowMs += 59_000;
      await Bun.sleep(100);
      expect(connected.size).toBe(1);
      // Reading some of it is a sign of life.
      const [channel] = [...connected.values()].map((each) => each.client.channel);
      const before = channel?.pendingBytes ?? 0;
      await waitUntil(() => receiveSome(client, scratch) >= 0 && (channel?.pendingBytes ?? 0) < before, {
        what: "more to be sent",
        timeoutMs: 5000,
      });
      nowMs += 59_000;
      await Bun.sleep(100);
      expect(connected.size).toBe(1);
      nowMs += 61_000;
      await waitUntil(() => connected.size === 0, { what: "the client to be disconnected", timeoutMs: 5000 });
    });

    test("does not keep the processor busy while it reads nothing", async () => {
      const server = await start();
      const client = sendAndEnd(server.port, `SETRANGE large ${largeBytes} x\r\nGET large\r\n`);
      await waitUntil(() => isClosing(server), { what: "the end to be read", timeoutMs: 5000 });
      const before = process.cpuUsage();
      await Bun.sleep(300);
      const { user, system } = process.cpuUsage(before);
      // A loop over a socket that is ready all the time would take all of it.
      expect(user + system).toBeLessThan(150_000);
      expect((await readAllOf(client)).length).toBeGreaterThan(largeBytes);
    });
  });
}
