import { afterEach, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { infoField, startMyRedis, type TestServer } from "./replication-servers.ts";

const limitBytes = 2_000_000;
const backlogBytes = 1_000_000;
const writeBytes = 200_000;
/** More than the sockets of both sides hold, so that the snapshot is still on its way when the stream is full. */
const dataBytes = 24_000_000;
/** Blocks of the stream, what PING adds, and the write that exceeds the limit. */
const allowanceBytes = writeBytes + 200_000;
const clients: { close(): void }[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

/** A replica that asks for all data, and reads a chunk of it now and then. */
class SlowReader {
  readonly #socket: Socket;
  answer = "";
  isGone = false;

  constructor(port: number) {
    this.#socket = connect({ port, host: "127.0.0.1" });
    this.#socket.write("REPLCONF listening-port 7777 capa eof capa psync2\r\nPSYNC ? -1\r\n");
    this.#socket.on("data", (chunk) => {
      if (this.answer.length < 1000) this.answer += chunk.toString("latin1");
      if (!this.answer.includes("$EOF:")) return;
      this.#socket.pause();
      setTimeout(() => this.#socket.resume(), 5);
    });
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => (this.isGone = true));
    clients.push({ close: () => this.#socket.destroy() });
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** A primary with much data that cannot be compressed, and a clock that can be put forward. */
async function startPrimary(): Promise<{ primary: TestServer; pass: (ms: number) => void }> {
  let passedMs = 0;
  const primary = await startMyRedis(
    {
      "client-output-buffer-limit": `replica ${limitBytes} 0 0`,
      "repl-backlog-size": `${backlogBytes}`,
      rdbcompression: "no",
    },
    { monotonicMs: () => performance.now() + passedMs },
  );
  clients.push({ close: () => void primary.close() });
  const random = new SeededRandom(1);
  for (let bytes = 0; bytes < dataBytes; bytes += writeBytes) {
    await primary.ask("SET", `key:${bytes}`, Buffer.from(random.bytes(writeBytes)));
  }
  return { primary, pass: (ms) => (passedMs += ms) };
}

/** Writes until the replica is let go; gives the most that the primary has kept for it. */
async function writeUntilGone(primary: TestServer, reader: SlowReader): Promise<number> {
  let mostBytes = 0;
  await waitUntil(
    async () => {
      await primary.ask("SET", "changing", "x".repeat(writeBytes));
      mostBytes = Math.max(mostBytes, Number(await infoField(primary, "mem_total_replication_buffers", "memory")));
      return reader.isGone;
    },
    { what: "the slow reader to be let go", timeoutMs: 30_000 },
  );
  return mostBytes;
}

test("a reader that is too slow costs a bounded buffer, and gets ever fewer full synchronisations", async () => {
  const { primary, pass } = await startPrimary();
  const failures = 6;
  for (let count = 1; count <= failures; count++) {
    const reader = new SlowReader(primary.port);
    await waitUntil(() => reader.answer.includes("$EOF:"), { what: "a snapshot to begin", timeoutMs: 10_000 });
    expect(await writeUntilGone(primary, reader)).toBeLessThan(limitBytes + allowanceBytes);
    // It asks again and again, and is refused until the pause is over.
    const refused = new SlowReader(primary.port);
    await waitUntil(() => refused.answer.includes("NOMASTERLINK"), { what: "a refusal", timeoutMs: 10_000 });
    refused.close();
    const waitMs = Number(/try again in (\d+) ms/.exec(refused.answer)?.[1]);
    // The pause began a moment ago. The shortest one is 100 ms, doubled with each failure.
    expect(waitMs).toBeGreaterThan(100 * 2 ** count - 50);
    pass(waitMs);
  }
  const lines = primary.log().split("\n");
  expect(lines.filter((line) => line.startsWith("full synchronisation of "))).toHaveLength(failures);
  const goodbyes = lines.filter((line) => line.includes("is disconnected"));
  expect(goodbyes).toHaveLength(failures);
  for (const line of goodbyes) {
    expect(line).toMatch(
      /^replica 127\.0\.0\.1:7777 is disconnected: it is too slow: \d+ bytes unread, and the hard limit is 2000000 \(client-output-buffer-limit replica\)\. Its next full synchronisation begins in [\d.]+ seconds at the earliest$/,
    );
  }
}, 60_000);

test("a replica that leaves as soon as it has all data waits longer each time", async () => {
  let passedMs = 0;
  const primary = await startMyRedis({}, { monotonicMs: () => performance.now() + passedMs });
  clients.push({ close: () => void primary.close() });
  for (let count = 1; count <= 3; count++) {
    const socket = connect({ port: primary.port, host: "127.0.0.1" });
    clients.push({ close: () => socket.destroy() });
    let answer = "";
    socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
    socket.write("REPLCONF listening-port 7777 capa eof capa psync2\r\nPSYNC ? -1\r\n");
    await waitUntil(() => /\$EOF:(\w{40})\r\n[\s\S]*\1/.test(answer), { what: "the snapshot", timeoutMs: 10_000 });
    // A replica that stays for as long as its synchronisation lasted has kept up. This one leaves long before.
    passedMs += 20_000;
    socket.write("REPLCONF ACK 0\r\n");
    const isOnline = async (): Promise<boolean> => (await primary.ask("ROLE")).includes("7777");
    await waitUntil(isOnline, { what: "the replica to be online", timeoutMs: 10_000 });
    socket.destroy();
    await waitUntil(() => primary.log().split("is disconnected").length > count, {
      what: "the replica to leave",
      timeoutMs: 10_000,
    });
    const pause =
      primary
        .log()
        .match(/begins in ([\d.]+) seconds at the earliest/g)
        ?.at(-1) ?? "";
    expect(Number(/[\d.]+/.exec(pause)?.[0])).toBeGreaterThan(0.1 * count - 0.05);
    passedMs += 60_000;
  }
}, 60_000);

test("an operator who has changed a limit need not wait until a pause is over", async () => {
  const { primary } = await startPrimary();
  const ask = async (expected: string): Promise<SlowReader> => {
    const reader = new SlowReader(primary.port);
    await waitUntil(() => reader.answer.includes(expected), { what: expected, timeoutMs: 10_000 });
    return reader;
  };
  for (const directive of ["client-output-buffer-limit", "repl-backlog-size"]) {
    // The pause after the second failure in a row is longer than one after the first.
    await writeUntilGone(primary, await ask("$EOF:"));
    (await ask("NOMASTERLINK")).close();
    const value = directive === "repl-backlog-size" ? `${backlogBytes}` : `replica ${limitBytes} 0 0`;
    expect(await primary.ask("CONFIG", "SET", directive, value)).toBe("+OK");
  }
  (await ask("$EOF:")).close();
}, 60_000);

test("a program that takes a snapshot and leaves, such as redis-cli --rdb, gets one as often as it asks", async () => {
  const primary = await startMyRedis();
  clients.push({ close: () => void primary.close() });
  for (let count = 1; count <= 3; count++) {
    const socket = connect({ port: primary.port, host: "127.0.0.1" });
    clients.push({ close: () => socket.destroy() });
    let answer = "";
    socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
    // It does not say where it serves clients, because it does not.
    socket.write("REPLCONF capa eof\r\nSYNC\r\n");
    await waitUntil(() => /\$EOF:(\w{40})\r\n[\s\S]*\1|NOMASTERLINK/.test(answer), {
      what: "an answer",
      timeoutMs: 10_000,
    });
    expect(answer).not.toContain("NOMASTERLINK");
    socket.destroy();
    await waitUntil(() => primary.log().split("is disconnected").length > count, {
      what: "the program to be gone",
      timeoutMs: 10_000,
    });
  }
}, 30_000);
