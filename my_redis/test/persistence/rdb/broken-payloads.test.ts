import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../../tools/property-seed.ts";
import { startServer } from "../../../index.ts";
import { Crc64 } from "../../../src/persistence/rdb/crc64.ts";
import { oldPayloads, seal } from "../../differential/old-payloads.ts";
import { RespConnection, type Word } from "../../differential/harness/resp-connection.ts";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const creations: readonly (readonly Word[])[] = [
  ["SET", "string", "text that repeats itself, text that repeats itself"],
  ["SET", "integer", "-70000"],
  ["RPUSH", "list", "a", "1", "-70000", "9223372036854775807", "", "x".repeat(64), "y".repeat(5000)],
  ["RPUSH", "long list", ...numbers(3000)],
  ["SADD", "integers", "1", "-5", "70000"],
  ["SADD", "set", "a", "b", "1"],
  ["ZADD", "sorted set", "1", "a", "-1.5", "b", "inf", "c"],
  ["ZADD", "large sorted set", ...numbers(200).flatMap((at) => [at, `member ${at}`])],
  ["HSET", "hash", "f", "v", "1", "2"],
  ["HSET", "large hash", ...numbers(200).flatMap((at) => [at, `value ${at}`])],
  ...numbers(5).map((at) => ["XADD", "stream", `${at + 1}-1`, "a", at, "b", "text"]),
  ["XADD", "stream", "9-9", "other", "fields"],
  ["XDEL", "stream", "2-1"],
  ["XGROUP", "CREATE", "stream", "g", "0"],
  ["XREADGROUP", "GROUP", "g", "alice", "COUNT", "2", "STREAMS", "stream", ">"],
];
/** The commands that read the whole value of each type. */
const readers: Readonly<Record<string, readonly (readonly Word[])[]>> = {
  string: [["GET", "broken"]],
  list: [
    ["LRANGE", "broken", 0, -1],
    ["RPUSH", "broken", "x"],
    ["LPOP", "broken"],
  ],
  set: [
    ["SMEMBERS", "broken"],
    ["SADD", "broken", "x"],
    ["SREM", "broken", "x"],
  ],
  zset: [
    ["ZRANGE", "broken", 0, -1, "WITHSCORES"],
    ["ZADD", "broken", "1", "x"],
    ["ZREM", "broken", "x"],
  ],
  hash: [
    ["HGETALL", "broken"],
    ["HSET", "broken", "x", "y"],
    ["HDEL", "broken", "x"],
  ],
  stream: [
    ["XRANGE", "broken", "-", "+"],
    ["XINFO", "STREAM", "broken", "FULL"],
    ["XPENDING", "broken", "g"],
  ],
};
const footerBytes = 10;

describe("RESTORE of broken payloads", () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let connection: RespConnection;
  const payloads: Buffer[] = Object.values(oldPayloads);

  beforeAll(async () => {
    server = await startServer({ port: 0, memory: true });
    connection = await RespConnection.open(server.port, "MyRedis");
    for (const compression of ["no", "yes"]) {
      await connection.reply("CONFIG", "SET", "rdbcompression", compression);
      await connection.replies(creations);
      for (const { text } of (await connection.reply("KEYS", "*")).items ?? []) {
        payloads.push(Buffer.from((await connection.reply("DUMP", text ?? "")).text ?? "", "latin1"));
      }
      await connection.reply("FLUSHALL");
    }
  });

  afterAll(async () => {
    connection.close();
    await server.close();
  });

  /** Restores bytes with a correct checksum. If that gives a value, the value must be complete. */
  async function restore(bytes: Uint8Array): Promise<string> {
    const { text } = await connection.reply("RESTORE", "broken", "0", seal(bytes), "REPLACE");
    if (text === "OK") {
      const type = (await connection.reply("TYPE", "broken")).text ?? "";
      expect(Object.keys(readers)).toContain(type);
      for (const reply of await connection.replies(readers[type] ?? [])) {
        if (reply.sign === "-") expect(reply.text).toMatch(/^(NOGROUP|WRONGTYPE)/);
      }
      await connection.replies([
        ["DUMP", "broken"],
        ["COPY", "broken", "copy", "REPLACE"],
        ["DEL", "copy"],
      ]);
    } else {
      expect(text).toBe("ERR Bad data format");
    }
    return text ?? "";
  }

  test("bytes that were changed are a value or bad data, and the server keeps running", async () => {
    const change = fc.tuple(fc.nat(), fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 127, 128, 192, 254, 255)));
    const seed = propertySeed();
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(change, { minLength: 1, maxLength: 3 }), async (which, changes) => {
        const bytes = Buffer.from(payloads[which % payloads.length] as Buffer).subarray(0, -footerBytes);
        for (const [at, byte] of changes) bytes[at % Math.min(bytes.length, 200)] = byte;
        if ((await restore(bytes)) !== "OK") refused++;
      }),
      { numRuns: 3000, seed, endOnFailure: true },
    );
    expect(refused).toBeGreaterThan(500);
    expect((await connection.reply("PING")).text).toBe("PONG");
  }, 60_000);

  test("payloads that end too early are bad data, at every byte", async () => {
    for (const payload of payloads) {
      const whole = payload.subarray(0, -footerBytes);
      const step = Math.max(1, Math.floor(whole.length / 200));
      for (let length = 0; length < whole.length; length += step) {
        expect(await restore(whole.subarray(0, length))).toBe("ERR Bad data format");
      }
      expect(await restore(whole)).toBe("OK");
    }
  }, 60_000);

  test("random bytes of every type are a value or bad data", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 30 }), fc.uint8Array({ maxLength: 80 }), async (type, bytes) => {
        await restore(Buffer.concat([Buffer.from([type]), bytes]));
      }),
      { numRuns: 2000, seed: propertySeed(), endOnFailure: true },
    );
  }, 60_000);

  test("a broken payload leaves what was there before", async () => {
    await connection.reply("SET", "k", "before");
    const { text } = await connection.reply("RESTORE", "k", "0", seal(Buffer.from([4, 1, 1])), "REPLACE");
    expect(text).toBe("ERR Bad data format");
    expect((await connection.reply("GET", "k")).text).toBe("before");
  });

  test("duplicate members, fields and groups are bad data", async () => {
    expect(await restore(Buffer.from([2, 2, 1, 97, 1, 97]))).toBe("ERR Bad data format");
    expect(await restore(Buffer.from([4, 2, 1, 97, 1, 98, 1, 97, 1, 98]))).toBe("ERR Bad data format");
    expect(await restore(Buffer.from([3, 2, 1, 97, 1, 49, 1, 97, 1, 50]))).toBe("ERR Bad data format");
  });

  test("a payload of a newer version or with a wrong checksum is refused", async () => {
    const payload = seal(Buffer.from([0, 1, 118]));
    const newer = Buffer.concat([Buffer.from([0, 1, 118, 13, 0]), Buffer.alloc(8)]);
    new Crc64().update(newer, 0, 5).write(newer, 5);
    const cut = payload.subarray(0, 9);
    for (const wrong of [newer, Buffer.from(payload).fill(0, 5), Buffer.from(payload).fill(7, 2, 3), cut]) {
      const { text } = await connection.reply("RESTORE", "wrong", "0", wrong);
      expect(text).toBe("ERR DUMP payload version or checksum are wrong");
    }
  });
});
