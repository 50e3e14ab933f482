import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../../tools/property-seed.ts";
import { type OpenServer, startOpenServer } from "../../../src/start-server.ts";
import { ValueBuilder } from "../../../src/collections/value-builder.ts";
import { wholeRange } from "../../../src/memory/byte-range.ts";
import { decodeValue } from "../../../src/persistence/rdb/decode-value.ts";
import { RdbFormatError } from "../../../src/persistence/rdb/rdb-format-error.ts";
import { RdbReader } from "../../../src/persistence/rdb/rdb-reader.ts";
import { rdbType } from "../../../src/persistence/rdb/rdb-types.ts";
import { RdbWriter } from "../../../src/persistence/rdb/rdb-writer.ts";
import { Arguments } from "../../../src/protocol/arguments.ts";
import { RespConnection, type Word } from "../../differential/harness/resp-connection.ts";

/** Accepts no collection as a whole, so that each is built piece by piece. */
class PieceBuilder extends ValueBuilder {
  override packed(): boolean {
    return false;
  }

  override integers(): boolean {
    return false;
  }
}

let taken = 0;

class WholeBuilder extends ValueBuilder {
  override packed(...args: Parameters<ValueBuilder["packed"]>): boolean {
    const isTaken = super.packed(...args);
    if (isTaken) taken++;
    return isTaken;
  }

  override integers(...args: Parameters<ValueBuilder["integers"]>): boolean {
    const isTaken = super.integers(...args);
    if (isTaken) taken++;
    return isTaken;
  }
}

let server: OpenServer;
let connection: RespConnection;

beforeAll(async () => {
  server = await startOpenServer({ port: 0, memory: true });
  connection = await RespConnection.open(server.port, "MyRedis");
});
afterAll(async () => {
  connection.close();
  await server.close();
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, number) => number);
const long = "x".repeat(64);
const creations: readonly (readonly Word[])[] = [
  ["RPUSH", "list", "a", "1", "-70000", "9223372036854775807", "", long, "y".repeat(300)],
  ["SADD", "integers", 1, -5, 300],
  ["SADD", "wide integers", 1, "9223372036854775807", "-9223372036854775808"],
  ["SADD", "set", "a", "b", "1", long],
  ["ZADD", "sorted set", 1, "a", 1, "b", -1.5, "c", "inf", "d", "-inf", "e", "1e300", "f", 0.1, "1"],
  ["ZADD", "full sorted set", ...numbers(128).flatMap((at) => [at / 4, `member ${at}`])],
  ["HSET", "hash", "f", "v", "1", "2", "g", long],
  ["HSET", "hash of integers", 1, 2, 3, 4],
  ["HSET", "full hash", ...numbers(128).flatMap((at) => [`field ${at}`, at * 1000])],
];
const typesOfOthers: readonly number[] = [rdbType.setListpack, rdbType.hashListpack, rdbType.sortedSetListpack];

/** The payload of every collection, without its checksum. Listpacks come with the other types that use them as well. */
async function payloads(): Promise<Buffer[]> {
  const found: Buffer[] = [];
  await connection.replies([["FLUSHALL"], ["CONFIG", "SET", "rdbcompression", "no"], ...creations]);
  for (const { text } of (await connection.reply("KEYS", "*")).items ?? []) {
    const dump = (await connection.reply("DUMP", text ?? "")).text ?? "";
    found.push(Buffer.from(dump, "latin1").subarray(0, -10));
  }
  await connection.reply("FLUSHALL");
  for (const payload of [...found]) {
    if (!typesOfOthers.includes(payload[0] as number)) continue;
    for (const type of typesOfOthers) found.push(Buffer.concat([Buffer.from([type]), payload.subarray(1)]));
  }
  return found;
}

/** Builds the value of a payload at the key "built"; returns its content or the error. */
async function build(payload: Uint8Array, whole: boolean): Promise<unknown> {
  const args = Arguments.from(["", "built"]);
  const builder = new (whole ? WholeBuilder : PieceBuilder)(server.server.keyspace.database(0), args);
  try {
    const reader = new RdbReader(wholeRange(payload));
    decodeValue(reader.byte(), reader, builder);
  } catch (error) {
    if (!(error instanceof RdbFormatError)) throw error;
    return error.message;
  }
  return contentOf();
}

async function contentOf(): Promise<unknown> {
  const [encoding, list, set, sortedSet, hash] = await connection.replies([
    ["OBJECT", "ENCODING", "built"],
    ["LRANGE", "built", 0, -1],
    ["SMEMBERS", "built"],
    ["ZRANGE", "built", 0, -1, "WITHSCORES"],
    ["HGETALL", "built"],
  ]);
  const texts = [list, set, sortedSet, hash].map((reply) => reply?.items?.map(({ text }) => text));
  // Integers are sorted before text only if the set is built piece by piece.
  if (encoding?.text !== "intset") texts[1]?.sort();
  return [encoding?.text, ...texts];
}

async function expectSameEitherWay(payload: Uint8Array): Promise<unknown> {
  const piecemeal = await build(payload, false);
  await connection.reply("DEL", "built");
  const whole = await build(payload, true);
  await connection.reply("DEL", "built");
  expect(whole).toEqual(piecemeal);
  return whole;
}

describe("a collection that is taken as a whole", () => {
  test("is any small one that a server writes", async () => {
    taken = 0;
    for (const payload of (await payloads()).slice(0, creations.length)) await expectSameEitherWay(payload);
    expect(taken).toBe(creations.length);
  });

  test("is the same as built piece by piece, under any limits", async () => {
    const all = await payloads();
    const limits: Word[][] = [
      [],
      ["set-max-intset-entries", 2, "set-max-listpack-entries", 3],
      ["hash-max-listpack-entries", 3, "zset-max-listpack-entries", 7, "list-max-listpack-size", 7],
      ["hash-max-listpack-value", 63, "zset-max-listpack-value", 5, "set-max-listpack-value", 63],
      ["hash-max-listpack-value", 5, "zset-max-listpack-value", 1, "set-max-listpack-value", 1],
    ];
    for (const changes of limits) {
      const names = changes.filter((_, index) => index % 2 === 0);
      const before = await Promise.all(names.map(async (name) => connection.reply("CONFIG", "GET", name)));
      if (changes.length > 0) expect((await connection.reply("CONFIG", "SET", ...changes)).text).toBe("OK");
      for (const payload of all) await expectSameEitherWay(payload);
      for (const reply of before) {
        await connection.reply("CONFIG", "SET", ...(reply.items ?? []).map(({ text }) => text ?? ""));
      }
    }
  }, 30_000);

  test("is the same, or refused for the same reason, when bytes of it are changed", async () => {
    const all = await payloads();
    const change = fc.tuple(fc.nat(), fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 97, 127, 128, 192, 255)));
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(change, { minLength: 1, maxLength: 2 }), async (which, changes) => {
        const bytes = Buffer.from(all[which % all.length] as Buffer);
        for (const [at, byte] of changes) bytes[1 + (at % Math.min(bytes.length - 1, 100))] = byte;
        await expectSameEitherWay(bytes);
      }),
      { numRuns: 1500, seed: propertySeed(), endOnFailure: true },
    );
  }, 60_000);

  test("is built from plain members as well", async () => {
    for (const members of [
      ["b", "a", "7"],
      ["7", "b", "a"],
      ["b", "b"],
      ["b", long, `${long}x`],
      numbers(200).map(String),
    ]) {
      const writer = new RdbWriter({ compresses: false });
      writer.byte(rdbType.set);
      writer.count(members.length);
      for (const member of members) writer.string(Buffer.from(member));
      await expectSameEitherWay(writer.written);
    }
  });
});
