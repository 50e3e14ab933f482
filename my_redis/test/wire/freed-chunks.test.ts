import { afterEach, describe, expect, test } from "bun:test";
import { BunSocket } from "../../src/network/bun-socket.ts";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { RawClient } from "./raw-client.ts";

let running: OpenServer | undefined;
let clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await running?.close();
  running = undefined;
});

async function open(): Promise<RawClient> {
  running ??= await startOpenServer({ port: 0 });
  const client = await RawClient.open(running.port);
  clients.push(client);
  return client;
}

const request = (...words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

/** Lengths of values whose chunks are freed or not, and that come in one chunk or in several. */
const lengths = [1, 4000, 4096, 5000, 20_000, 65_536, 300_000, 1_500_000];
const valueOf = (length: number): string => `${length}:`.repeat(length).slice(0, length);

describe("the memory of a chunk that has run", () => {
  test("is needed no more for what was stored, queued or answered", async () => {
    const client = await open();
    const texts = lengths.map(valueOf);
    const all = [
      ...texts.map((text) => request("SET", `s${text.length}`, text)),
      request("MULTI"),
      ...texts.map((text) => request("APPEND", `s${text.length}`, text)),
      request("EXEC"),
      ...texts.map((text) => request("GET", `s${text.length}`)),
      ...texts.map((text) => request("ECHO", text)),
    ].join("");
    const expected = [
      ...texts.map(() => "+OK\r\n"),
      "+OK\r\n",
      ...texts.map(() => "+QUEUED\r\n"),
      `*${texts.length}\r\n`,
      ...texts.map((text) => `:${text.length * 2}\r\n`),
      ...texts.map((text) => bulk(text + text)),
      ...texts.map(bulk),
    ].join("");
    void client.send(all);
    expect((await client.receive(expected.length)) === expected).toBe(true);
  });

  test("is needed no more for requests of a client that waits", async () => {
    const [blocked, other] = [await open(), await open()];
    const texts = lengths.map(valueOf);
    const expected = `*2\r\n${bulk("list")}${bulk("x")}${texts.map(() => "+OK\r\n").join("")}${texts.map(bulk).join("")}`;
    // It is blocked by the first request of a long chunk.
    void blocked.send(
      [
        request("BLPOP", "list", "0"),
        ...texts.map((text) => request("SET", `s${text.length}`, text)),
        ...texts.map((text) => request("GET", `s${text.length}`)),
      ].join(""),
    );
    await other.send(request("PING"));
    await other.receive(7);
    await other.send(request("RPUSH", "list", "x"));
    expect((await blocked.receive(expected.length)) === expected).toBe(true);
  });
});

describe("a socket of Bun's", () => {
  const socket = new BunSocket({ remoteAddress: "127.0.0.1", localAddress: "127.0.0.1" } as never);

  test("frees a long chunk, and leaves a short one and one that is part of more memory", () => {
    const long = new Uint8Array(8192).fill(7);
    socket.free(long);
    expect(long.length).toBe(0);
    const short = new Uint8Array(100).fill(7);
    socket.free(short);
    expect(short[99]).toBe(7);
    const all = new Uint8Array(20_000).fill(7);
    socket.free(all.subarray(0, 10_000));
    expect(all[9999]).toBe(7);
  });
});
