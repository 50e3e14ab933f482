import type { SeededRandom } from "../../../tools/seeded-random.ts";
import { oldPayloads } from "./old-payloads.ts";
import type { RespConnection, Word } from "./harness/resp-connection.ts";

const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

/** Settings of redis-server under which the values below are made: they decide the encodings. */
const encodings: readonly (readonly [string, string])[][] = [
  [["rdbcompression", "no"]],
  [
    ["rdbcompression", "yes"],
    ["hash-max-listpack-entries", "0"],
    ["zset-max-listpack-entries", "0"],
    ["set-max-intset-entries", "0"],
    ["list-max-listpack-size", "4"],
    ["stream-node-max-entries", "3"],
  ],
  [["rdbcompression", "no"]],
];

const creations: readonly (readonly Word[])[] = [
  ["SET", "string", "text that repeats itself, text that repeats itself, text that repeats itself"],
  ["SET", "integer", "-70000"],
  ["RPUSH", "list", "a", "1", "-70000", "9223372036854775807", "", "x".repeat(64), "300", "-5", "y".repeat(300)],
  ["SADD", "integers", "1", "-5", "700", "9"],
  ["SADD", "wide integers", "1", "-5", "70000"],
  ["SADD", "widest integers", "1", "-5", "7000000000"],
  ["SADD", "set", "a", "b", "1", "some longer member"],
  ["ZADD", "sorted set", "1", "a", "-1.5", "b", "inf", "c", "1", "aa", "100", "d"],
  ["HSET", "hash", "f", "v", "1", "2", "g", "x".repeat(70), "300", "-70000"],
  ...range(5).map((at) => ["XADD", "stream", `${at + 1}-1`, "a", at, "b", "text"]),
  ["XADD", "stream", "9-9", "other", "fields"],
  ["XDEL", "stream", "2-1"],
  ["XGROUP", "CREATE", "stream", "g", "0"],
  ["XREADGROUP", "GROUP", "g", "alice", "COUNT", "2", "STREAMS", "stream", ">"],
  ["XREADGROUP", "GROUP", "g", "bob", "COUNT", "1", "STREAMS", "stream", ">"],
];

/** Valid payloads of all types and encodings by name, from redis-server and, for old forms, made by hand. */
export async function validPayloads(redis: RespConnection): Promise<Map<string, Buffer>> {
  const payloads = new Map(Object.entries(oldPayloads).map(([name, bytes]) => [`old ${name}`, bytes]));
  for (const [number, settings] of encodings.entries()) {
    const before = new Map<string, string>();
    for (const [name, value] of settings) {
      before.set(name, (await redis.reply("CONFIG", "GET", name)).items?.[1]?.text ?? "");
      await redis.reply("CONFIG", "SET", name, value);
    }
    await redis.replies([["FLUSHALL"], ...creations]);
    for (const { text } of (await redis.reply("KEYS", "*")).items ?? []) {
      payloads.set(`${text} ${number}`, Buffer.from((await redis.reply("DUMP", text ?? "")).text ?? "", "latin1"));
    }
    for (const [name, value] of before) await redis.reply("CONFIG", "SET", name, value);
  }
  await redis.reply("FLUSHALL");
  return payloads;
}

const footerBytes = 10;
/** Bytes that mean something in one of the forms. */
const meaningful = [0, 1, 2, 3, 4, 6, 63, 64, 127, 128, 192, 193, 194, 195, 208, 224, 240, 241, 244, 253, 254, 255];

/** The payload with some bytes changed. The type at the beginning and the version at the end stay. */
export function corrupt(payload: Buffer, random: SeededRandom): Buffer {
  const bytes = Buffer.from(payload);
  for (let changes = random.below(3) + 1; changes > 0; changes--) {
    const at = 1 + random.below(bytes.length - footerBytes - 1);
    const old = bytes[at] as number;
    switch (random.below(4)) {
      case 0:
        bytes[at] = old ^ (1 << random.below(8));
        break;
      case 1:
        bytes[at] = old + random.below(7) - 3;
        break;
      case 2:
        bytes[at] = meaningful[random.below(meaningful.length)] as number;
        break;
      default:
        bytes[at] = random.below(256);
    }
  }
  // A count of four or eight bytes can make redis-server ask for gigabytes, which takes it half a minute.
  if (bytes[1] === 0x80 || bytes[1] === 0x81) bytes[1] = payload[1] as number;
  return bytes;
}
