import { afterEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type RunningServer, startServer } from "../../index.ts";
import { RawClient } from "./raw-client.ts";

let running: RunningServer | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function start(transport: "bun" | "node"): Promise<number> {
  running = await startServer({ port: 0, memory: true, transport });
  return running.port;
}

const request = (...words: string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;

/** Requests of both forms, including empty lines, an empty value and an error, and all their replies. */
const requests = `${request("SET", "key", "a value\r\nof two lines")}PING\r\n\r\n${request("GET", "key")}*0\r\n${request(
  "SET",
  "empty",
  "",
)}${request("GET", "empty")}SET "in line" 'it\\'s'\r\n${request("NOSUCH")}${request("GET", "in line")}${request("ECHO", "end")}`;
const replies =
  "+OK\r\n+PONG\r\n$21\r\na value\r\nof two lines\r\n+OK\r\n$0\r\n\r\n+OK\r\n" +
  "-ERR unknown command 'NOSUCH', with args beginning with: \r\n$4\r\nit's\r\n$3\r\nend\r\n";

/** Cuts the bytes at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places)].sort((one, other) => one - other);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

for (const transport of ["bun", "node"] as const) {
  describe(`requests over ${transport} sockets`, () => {
    test("are answered the same however they are cut into packets", async () => {
      const port = await start(transport);
      const bytes = Buffer.from(requests, "latin1");
      const whole = await RawClient.open(port);
      await whole.send(bytes);
      expect(await whole.receive(replies.length)).toBe(replies);
      whole.close();
      const single = await RawClient.open(port);
      await single.sendPieces([...bytes].map((byte) => Uint8Array.of(byte)));
      expect(await single.receive(replies.length)).toBe(replies);
      single.close();
      await fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 6 }), async (places) => {
          const client = await RawClient.open(port);
          await client.sendPieces(cut(bytes, places));
          expect(await client.receive(replies.length)).toBe(replies);
          client.close();
        }),
        { numRuns: 40 },
      );
    });

    test("are answered in order when thousands come at once, from several clients", async () => {
      const port = await start(transport);
      const count = 5000;
      const clients = await Promise.all([1, 2, 3].map(() => RawClient.open(port)));
      const expected = clients.map((_, number) =>
        Array.from({ length: count }, (_, index) => `$${`${number}-${index}`.length}\r\n${number}-${index}\r\n`).join(
          "",
        ),
      );
      for (const [number, client] of clients.entries()) {
        const all = Array.from({ length: count }, (_, index) => request("ECHO", `${number}-${index}`)).join("");
        void client.send(all);
      }
      for (const [number, client] of clients.entries()) {
        const wanted = expected[number] as string;
        expect((await client.receive(wanted.length)) === wanted).toBe(true);
        client.close();
      }
    });

    test("may carry a value of many megabytes, byte for byte", async () => {
      const port = await start(transport);
      const client = await RawClient.open(port);
      const value = Buffer.alloc(24 * 1024 * 1024);
      for (let at = 0; at < value.length; at += 4) value.writeUInt32LE((at * 2654435761) >>> 0, at);
      await client.send(`*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$${value.length}\r\n`);
      await client.send(value);
      await client.send(`\r\n${request("GET", "key")}`);
      const header = `+OK\r\n$${value.length}\r\n`;
      const received = await client.receive(header.length + value.length + 2);
      expect(received.slice(0, header.length)).toBe(header);
      expect(received.slice(header.length) === `${value.toString("latin1")}\r\n`).toBe(true);
      client.close();
    });

    test("that are malformed end their connection, and touch no other", async () => {
      const port = await start(transport);
      const neighbour = await RawClient.open(port);
      await neighbour.send("*2\r\n$4\r\nECHO\r\n$5\r\nhel");
      const client = await RawClient.open(port);
      await client.send(`${request("PING")}*1\r\n!4\r\nPING\r\n${request("SET", "key", "1")}`);
      expect(await client.untilClosed()).toBe("+PONG\r\n-ERR Protocol error: expected '$', got '!'\r\n");
      await neighbour.send(`lo\r\n${request("EXISTS", "key")}`);
      expect(await neighbour.receive(15)).toBe("$5\r\nhello\r\n:0\r\n");
      neighbour.close();
    });

    test("that a web page made a browser send are cut off without an answer", async () => {
      const port = await start(transport);
      const page = await RawClient.open(port);
      await page.send(`POST / HTTP/1.1\r\nHost: localhost\r\n\r\n${request("SET", "key", "1")}`);
      expect(await page.untilClosed()).toBe("");
      const other = await RawClient.open(port);
      await other.send(request("EXISTS", "key"));
      expect(await other.receive(4)).toBe(":0\r\n");
      other.close();
    });

    test("of a client that disconnects in the middle of one are forgotten", async () => {
      const port = await start(transport);
      const client = await RawClient.open(port);
      await client.send("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$100\r\nabc");
      client.close();
      const other = await RawClient.open(port);
      await other.send(request("GET", "key"));
      expect(await other.receive(5)).toBe("$-1\r\n");
      other.close();
    });
  });
}
