import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { propertySeed } from "../../../../tools/property-seed.ts";
import { temporaryFolder } from "../../../../tools/test-services/index.ts";
import { loadRdb, RdbLoadError, type RdbLoadOptions } from "../../../src/persistence/rdb/rdb-loader.ts";
import { rdbTargetOf } from "../../../src/persistence/snapshot/rdb-target.ts";
import { type OpenServer, startOpenServer } from "../../../src/start-server.ts";
import { RespConnection, type Word } from "../../differential/harness/resp-connection.ts";

// The nodes of lists and streams, and the members of sorted sets, are loaded many at once by a kernel, or one by one where keys may be there already.
// Both must give the same.
const oneByOne: RdbLoadOptions = { beforeLog: false, existing: "replace" };
const manyAtOnce: RdbLoadOptions = { beforeLog: false, existing: "refuse" };

const folder = temporaryFolder("loaded-nodes");
const path = join(folder, "dump.rdb");
let server: OpenServer;
let connection: RespConnection;

beforeAll(async () => {
  server = await startOpenServer({ port: 0, dir: folder, save: "", "enable-debug-command": "yes" });
  connection = await RespConnection.open(server.port, "MyRedis");
});
afterAll(async () => {
  connection.close();
  await server.close();
});

async function flush(): Promise<number> {
  await connection.reply("FLUSHALL");
  const { keyspace } = server.server;
  keyspace.releaseSome(() => false);
  return keyspace.heap.usedBytes;
}

/** Loads the file; gives what went wrong, or "". The checksum at its end is not looked at. */
function load(options: RdbLoadOptions): string {
  try {
    loadRdb({ ...rdbTargetOf(server.server), verifiesChecksum: false }, path, options);
    return "";
  } catch (error) {
    if (!(error instanceof RdbLoadError)) throw error;
    return error.message;
  }
}

async function seen(): Promise<unknown> {
  const { heap } = server.server.keyspace;
  const requests: Word[][] = [
    ["DEBUG", "DIGEST"],
    ["OBJECT", "ENCODING", "list"],
    ["LRANGE", "list", 0, -1],
    ["ZRANGE", "ranking", 0, -1, "WITHSCORES"],
    ["XINFO", "STREAM", "stream", "FULL", "COUNT", 0],
  ];
  return { bytes: heap.usedBytes, beside: heap.besideBytes, replies: await connection.replies(requests) };
}

/** Changes at both ends and in the middle, which find every node in its place, with the room that it has. */
const changes: Word[][] = [
  ...["a", "b"].flatMap((text): Word[][] => [
    ["LPUSH", "list", text],
    ["RPUSH", "list", text.repeat(50)],
    ["LINSERT", "list", "BEFORE", "7", text],
  ]),
  ["LTRIM", "list", 3, -4],
  ["XADD", "stream", "*", "field", "value"],
  ["XTRIM", "stream", "MAXLEN", 40],
];

const element = fc.oneof(
  fc.string({ maxLength: 30, unit: "binary-ascii" }),
  fc.integer({ min: -200, max: 200 }).map(String),
  // Around the limits of each width of integers, and of each form of a text.
  fc
    .tuple(fc.constantFrom(7n, 12n, 15n, 23n, 31n, 63n), fc.constantFrom(-1n, 0n, 1n), fc.constantFrom(-1n, 1n))
    .map(([bits, more, sign]) => `${sign * 2n ** bits + more}`),
  fc
    .constantFrom(62, 63, 64, 65, 126, 127, 128, 4094, 4095, 4096, 8180, 8181, 8185, 8192, 16_000, 33_000)
    .map((length) => "long text of an element ".repeat(length / 20).slice(0, length)),
);
const entry = fc.array(fc.tuple(fc.constantFrom("field", "name", "7"), element), { minLength: 1, maxLength: 3 });
const data = fc.record({
  elements: fc.array(element, { minLength: 1, maxLength: 120, size: "max" }),
  entries: fc.array(entry, { minLength: 1, maxLength: 60, size: "max" }),
  removed: fc.array(fc.nat({ max: 60 }), { maxLength: 30 }),
  listSize: fc.constantFrom(-1, -2, -5, 1, 3, 10),
  entriesPerNode: fc.constantFrom(1, 2, 7, 100),
  compressed: fc.constantFrom("yes", "no"),
});
type Data = typeof data extends fc.Arbitrary<infer Value> ? Value : never;

async function write({ elements, entries, removed, listSize, entriesPerNode, compressed }: Data): Promise<void> {
  await connection.replies([
    ["CONFIG", "SET", "list-max-listpack-size", listSize],
    ["CONFIG", "SET", "stream-node-max-entries", entriesPerNode],
    ["CONFIG", "SET", "rdbcompression", compressed],
    ["RPUSH", "list", ...elements],
    // Large, with equal scores: damage changes the order in which its members are in the file.
    ["CONFIG", "SET", "zset-max-listpack-entries", 3],
    ["ZADD", "ranking", ...Array.from({ length: 40 }, (_, at) => [at % 9, `member:${at}`]).flat()],
    ...entries.map((fields, at): Word[] => ["XADD", "stream", `${at >> 2}-${at + 1}`, ...fields.flat()]),
    ...removed.map((at): Word[] => ["XDEL", "stream", `${at >> 2}-${at + 1}`]),
    ["XGROUP", "CREATE", "stream", "group", "0"],
    ["XREADGROUP", "GROUP", "group", "consumer", "COUNT", 5, "STREAMS", "stream", ">"],
    ["SAVE"],
  ]);
}

test("nodes that are loaded many at once are as those that are loaded one by one, and can be changed", async () => {
  await fc.assert(
    fc.asyncProperty(data, async (written) => {
      await flush();
      await write(written);
      const original = (await connection.replies([["DEBUG", "DIGEST"]]))[0];
      const empty = await flush();
      expect(load(oneByOne)).toBe("");
      expect((await connection.replies([["DEBUG", "DIGEST"]]))[0]).toEqual(original);
      const before = await seen();
      await connection.replies(changes.filter(([name]) => name !== "XADD"));
      const after = await seen();
      await flush();
      expect(load(manyAtOnce)).toBe("");
      expect(await seen()).toEqual(before);
      await connection.replies(changes.filter(([name]) => name !== "XADD"));
      expect(await seen()).toEqual(after);
      await connection.replies(changes);
      expect(await flush()).toBe(empty);
    }),
    { seed: propertySeed(), numRuns: 40 },
  );
});

test("a damaged file is refused, or loaded, in both ways alike", async () => {
  const change = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
  await fc.assert(
    fc.asyncProperty(data, fc.array(change, { minLength: 30, maxLength: 60 }), async (written, damages) => {
      await flush();
      await write({ ...written, compressed: "no", elements: written.elements.filter(({ length }) => length < 5000) });
      const bytes = readFileSync(path);
      for (const [place, bits] of damages) {
        const damaged = new Uint8Array(bytes);
        const at = place % bytes.length;
        damaged[at] = (damaged[at] as number) ^ bits;
        writeFileSync(path, damaged);
        await flush();
        const problem = load(oneByOne);
        const loaded = problem === "" ? await seen() : undefined;
        await flush();
        const otherProblem = load(manyAtOnce);
        // Loading one by one replaces such a key.
        if (otherProblem.includes("for the second time")) continue;
        // One changed byte may cause several faults, and each way finds another one first.
        expect(otherProblem === "").toBe(problem === "");
        if (problem === "") expect(await seen()).toEqual(loaded);
      }
    }),
    { seed: propertySeed(), numRuns: 6, endOnFailure: true },
  );
});

test("a list of several nodes stays one when its elements would fit into one, in both ways", async () => {
  await flush();
  await connection.replies([
    ["CONFIG", "SET", "list-max-listpack-size", 2],
    ["RPUSH", "list", "a", "b", "c", "d", "e"],
    ["SAVE"],
    ["CONFIG", "SET", "list-max-listpack-size", -2],
  ]);
  for (const options of [oneByOne, manyAtOnce]) {
    await flush();
    expect(load(options)).toBe("");
    expect(
      await connection.replies([
        ["OBJECT", "ENCODING", "list"],
        ["LRANGE", "list", 0, -1],
      ]),
    ).toMatchObject([{ text: "quicklist" }, { items: ["a", "b", "c", "d", "e"].map((text) => ({ text })) }]);
  }
});
