import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { HeapLimitError } from "../../src/memory/heap.ts";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { RespConnection, type Word } from "../differential/harness/resp-connection.ts";

let running: OpenServer;
let connection: RespConnection;

beforeAll(async () => {
  running = await startOpenServer({ port: 0, memory: true, bind: ["127.0.0.1"], "enable-debug-command": "yes" });
  connection = await RespConnection.open(running.port, "MyRedis");
});

afterAll(async () => {
  connection.close();
  await running.close();
});

const many = (count: number, make: (at: number) => Word[]): Word[] =>
  Array.from({ length: count }, (_, at) => make(at)).flat();
const long = "x".repeat(100);
const members = many(200, (at) => [`member:${at}`]);
const pairs = many(200, (at) => [`field:${at}`, long]);
const scored = many(200, (at) => [at, `member:${at}`]);

/** The commands that prepare the data, and the command during which memory is refused. */
const cases: [name: string, before: Word[][], command: Word[]][] = [
  ["SET", [], ["SET", "k", long]],
  ["SET over a value with an expiry", [["SET", "k", "old", "EX", 1000]], ["SET", "k", long]],
  ["SET with an expiry over a value", [["SET", "k", "old"]], ["SET", "k", long, "EX", 1000]],
  ["SET over a hash", [["HSET", "k", ...pairs]], ["SET", "k", long]],
  ["APPEND", [["SET", "k", "old"]], ["APPEND", "k", long]],
  ["SETRANGE", [["SET", "k", "old"]], ["SETRANGE", "k", 5000, "x"]],
  ["SETBIT", [["SET", "k", "old"]], ["SETBIT", "k", 50_000, 1]],
  ["INCR", [], ["INCR", "k"]],
  ["PFADD", [], ["PFADD", "k", "a"]],
  ["EXPIRE", [["SET", "k", "old"]], ["EXPIRE", "k", 1000]],
  ["PERSIST", [["SET", "k", "old", "EX", 1000]], ["PERSIST", "k"]],
  ["HSET of a new hash", [], ["HSET", "k", "f", "v"]],
  ["HSET of a new large hash", [], ["HSET", "k", ...pairs]],
  ["HSET that makes a hash large", [["HSET", "k", "f", "v"]], ["HSET", "k", "g", long]],
  ["HSET of a large hash", [["HSET", "k", ...pairs]], ["HSET", "k", "field:0", long + long]],
  ["HINCRBY", [], ["HINCRBY", "k", "f", 1]],
  ["HEXPIRE", [["HSET", "k", "f", "v"]], ["HEXPIRE", "k", 1000, "FIELDS", 1, "f"]],
  ["RPUSH", [], ["RPUSH", "k", "a", long]],
  ["RPUSH of a new large list", [], ["RPUSH", "k", ...many(200, () => [long])]],
  ["LPUSH to a large list", [["RPUSH", "k", ...many(200, () => [long])]], ["LPUSH", "k", "x".repeat(9000)]],
  ["LINSERT", [["RPUSH", "k", ...many(200, () => [long]), "p"]], ["LINSERT", "k", "BEFORE", "p", "x".repeat(9000)]],
  ["LMOVE to a new list", [["RPUSH", "k", long, "b"]], ["LMOVE", "k", "t", "LEFT", "LEFT"]],
  [
    "LMOVE",
    [
      ["RPUSH", "k", long, "b"],
      ["RPUSH", "t", "c"],
    ],
    ["LMOVE", "k", "t", "LEFT", "LEFT"],
  ],
  ["SADD", [], ["SADD", "k", "a"]],
  ["SADD of integers", [], ["SADD", "k", "1", "2"]],
  ["SADD of text to integers", [["SADD", "k", "1", "2"]], ["SADD", "k", "a".repeat(60)]],
  ["SADD of a large set", [], ["SADD", "k", ...members]],
  ["SMOVE", [["SADD", "k", ...members]], ["SMOVE", "k", "t", "member:1"]],
  ["SUNIONSTORE", [["SADD", "k", ...members]], ["SUNIONSTORE", "t", "k"]],
  ["ZADD", [], ["ZADD", "k", "1", "a"]],
  ["ZADD of a large sorted set", [], ["ZADD", "k", ...scored]],
  ["ZADD that makes a sorted set large", [["ZADD", "k", "1", "a"]], ["ZADD", "k", "1", long]],
  ["ZUNIONSTORE", [["ZADD", "k", ...scored]], ["ZUNIONSTORE", "t", 1, "k"]],
  ["XADD", [], ["XADD", "k", "1-1", "f", "v"]],
  ["XADD to a full block", [["XADD", "k", "1-1", "f", "x".repeat(4000)]], ["XADD", "k", "2-1", "f", long]],
  ["RENAME", [["HSET", "k", ...pairs]], ["RENAME", "k", "t"]],
  ["COPY of a string", [["SET", "k", "old"]], ["COPY", "k", "t"]],
  ["COPY of a hash", [["HSET", "k", ...pairs]], ["COPY", "k", "t"]],
  ["COPY of a list", [["RPUSH", "k", ...many(300, () => [long])]], ["COPY", "k", "t"]],
  ["COPY of a set", [["SADD", "k", ...members]], ["COPY", "k", "t"]],
  ["COPY of a sorted set", [["ZADD", "k", ...scored]], ["COPY", "k", "t"]],
  [
    "COPY of a stream",
    [
      ["XADD", "k", "1-1", "f", "x".repeat(4000)],
      ["XADD", "k", "2-1", "f", long],
    ],
    ["COPY", "k", "t"],
  ],
  ["RESTORE of a hash", [["HSET", "k", ...pairs]], ["RESTORE", "t", 0, "dump of k"]],
  ["RESTORE of a list", [["RPUSH", "k", ...many(300, () => [long])]], ["RESTORE", "t", 0, "dump of k"]],
  ["RESTORE of a stream", [["XADD", "k", "1-1", "f", "v"]], ["RESTORE", "t", 0, "dump of k"]],
];

/** Commands that may have added some of their elements when memory is refused. */
const addsInSteps = /large|RPUSH|STORE|SADD/;

/** Refuses the allocation with this number. Returns a function that ends it, and says whether it was reached. */
function refuseAllocation(number: number): () => boolean {
  const { heap } = running.server.keyspace;
  const allocate = heap.allocate.bind(heap);
  let count = 0;
  heap.allocate = (size) => {
    if (++count === number) throw new HeapLimitError("refused by the test");
    return allocate(size);
  };
  return () => {
    Reflect.deleteProperty(heap, "allocate");
    return count >= number;
  };
}

async function contentOfKeys(): Promise<string> {
  const keys = (await connection.reply("KEYS", "*")).items?.map(({ text }) => text ?? "") ?? [];
  const digests = await connection.replies(
    keys.sort().flatMap((key) => [
      ["DEBUG", "DIGEST-VALUE", key],
      ["PEXPIRETIME", key],
    ]),
  );
  return JSON.stringify([keys, digests]);
}

/** The number of elements of a key, as Redis counts them: a key without elements must not exist. */
async function emptyKeys(): Promise<string[]> {
  const empty: string[] = [];
  for (const key of ["k", "t"]) {
    const type = (await connection.reply("TYPE", key)).text ?? "";
    const count = { hash: "HLEN", list: "LLEN", set: "SCARD", zset: "ZCARD" }[type];
    if (count !== undefined && (await connection.reply(count, key)).text === "0") empty.push(key);
  }
  return empty;
}

async function usedWithoutKeys(): Promise<number> {
  await connection.reply("FLUSHALL");
  running.server.keyspace.releaseSome(() => false);
  return running.server.keyspace.heap.usedBytes;
}

describe("memory that is refused in the middle of a command", () => {
  for (const [name, before, command] of cases) {
    test(`${name} leaves no block and no empty key behind`, async () => {
      expect(await usedWithoutKeys()).toBe(0);
      let refused = 0;
      for (let number = 1; ; number++) {
        await connection.replies(before);
        const words = command.slice();
        if (words.at(-1) === "dump of k")
          words[3] = Buffer.from((await connection.reply("DUMP", "k")).text ?? "", "latin1");
        const content = await contentOfKeys();
        const end = refuseAllocation(number);
        const reply = await connection.reply(...words);
        if (!end()) {
          expect(reply.sign).not.toBe("-");
          break;
        }
        expect(await emptyKeys()).toEqual([]);
        // A command that only wanted a smaller block succeeds without it.
        const succeeded = reply.sign !== "-";
        if (!succeeded) expect(reply.text).toBe("OOM refused by the test");
        if (!succeeded) refused++;
        if (!succeeded && !addsInSteps.test(name)) expect(await contentOfKeys()).toBe(content);
        expect(await usedWithoutKeys()).toBe(0);
        // The first refusals are those at different places; later ones repeat a step.
        if (number >= 40) break;
      }
      expect(refused).toBeGreaterThan(0);
    });
  }
});
