import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../tools/property-seed.ts";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { RespConnection, type Word } from "../differential/harness/resp-connection.ts";

// A request with many elements for a new key packs them all at once. With one element in each request, they are packed
// one by one. Both must give the same value, to the byte.
let server: OpenServer;
let connection: RespConnection;

beforeAll(async () => {
  server = await startOpenServer({ port: 0, memory: true, "enable-debug-command": "yes" });
  connection = await RespConnection.open(server.port, "MyRedis");
});
afterAll(async () => {
  connection.close();
  await server.close();
});

/** Texts at the edges of every form: the widths of integers, the sizes of lengths, what looks like a number. */
const edges = [7n, 12n, 13n, 15n, 16n, 23n, 24n, 31n, 32n, 53n, 62n, 63n, 64n].flatMap((bits) =>
  [-1n, 0n, 1n].flatMap((more) => [`${2n ** bits + more}`, `${-(2n ** bits) + more}`]),
);
const sizes = [0, 1, 18, 19, 20, 21, 62, 63, 64, 65, 125, 126, 127, 128, 129, 4094, 4095, 4096, 8170, 8190, 8200];
const word = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...edges) },
  { weight: 2, arbitrary: fc.constantFrom(...sizes).map((size) => "text ".repeat(size).slice(0, size)) },
  { weight: 2, arbitrary: fc.constantFrom(...sizes.slice(0, 8)).map((size) => "9".repeat(size)) },
  { weight: 1, arbitrary: fc.constantFrom("", "-", "-0", "00", "01", "+1", " 1", "1 ", "1.5", "-1.0", "1e3", "0x10") },
  { weight: 3, arbitrary: fc.string({ maxLength: 12, unit: "binary-ascii" }) },
  { weight: 3, arbitrary: fc.integer({ min: -300, max: 300 }).map(String) },
);
const score = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -3, max: 3 }).map(String) },
  { weight: 4, arbitrary: fc.integer({ min: -4000, max: 4000 }).map((quarters) => `${quarters / 4}`) },
  { weight: 3, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.integer({ min: -100_000, max: 100_000 }), fc.integer({ min: 0, max: 9_999_999 }), fc.nat({ max: 9 }))
      .map(([whole, part, digits]) => `${whole}.${`${part}`.padStart(digits, "0")}`),
  },
  { weight: 2, arbitrary: fc.constantFrom(...edges) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "inf",
      "-inf",
      "-0",
      "0.0",
      "-0.0",
      ".5",
      "5.",
      "1.50",
      "01.5",
      "1e3",
      "0.001",
      "0.0001",
    ),
  },
);

const settings = fc.record({
  "list-max-listpack-size": fc.constantFrom(-2, -1, 3, 20),
  "hash-max-listpack-entries": fc.constantFrom(128, 10),
  "set-max-listpack-entries": fc.constantFrom(128, 10),
  "zset-max-listpack-entries": fc.constantFrom(128, 10),
  "zset-max-listpack-value": fc.constantFrom(64, 20, 5000),
  "hash-max-listpack-value": fc.constantFrom(64, 20, 5000),
});

/** A table has its entries in any order, so only what is packed is compared to the byte. */
async function seen(key: string): Promise<unknown> {
  const [encoding, dump, digest] = await connection.replies([
    ["OBJECT", "ENCODING", key],
    ["DUMP", key],
    ["DEBUG", "DIGEST-VALUE", key],
  ]);
  return [encoding, digest, encoding?.text === "hashtable" || encoding?.text === "skiplist" ? undefined : dump];
}

/**
 * How a list is stored depends on all elements of a request, as in Redis. Those that are pushed to the head are packed one
 * by one, from the last to the first. They fill the nodes of a large list in another way.
 */
async function compareLists(elements: readonly string[]): Promise<void> {
  const read: Word[][] = [
    ["OBJECT", "ENCODING", "key"],
    ["LRANGE", "key", 0, -1],
    ["DUMP", "key"],
  ];
  await connection.replies([
    ["DEL", "key"],
    ["RPUSH", "key", ...elements],
  ]);
  const [encoding, range, dump] = await connection.replies(read);
  await connection.replies([
    ["DEL", "key"],
    ["LPUSH", "key", ...elements.toReversed()],
  ]);
  const reference = await connection.replies(read);
  // Once it is large, it is filled in the same way.
  const dumps: unknown[] = [];
  for (const requests of [[elements], elements.map((each) => [each])]) {
    await connection.replies([
      ["DEL", "key"],
      ["RPUSH", "key", "x".repeat(9000), "end"],
      ...requests.map((words): Word[] => ["RPUSH", "key", ...words]),
    ]);
    dumps.push(await connection.replies(read.slice(1)));
  }
  expect(dumps[0]).toEqual(dumps[1]);
  expect([encoding, range]).toEqual(reference.slice(0, 2));
  if (encoding?.text === "listpack") expect(dump).toEqual(reference[2]);
}

/** Compares requests that add a few elements each, some of which are there already, with one for each element. */
async function compareParts(name: string, elements: readonly (readonly string[])[], size: number): Promise<void> {
  const seenAfter: unknown[] = [];
  for (const step of [size, 1]) {
    await connection.reply("DEL", "key");
    const requests: Word[][] = [];
    for (let at = 0; at < elements.length; at += step) {
      requests.push([name, "key", ...elements.slice(at, at + step).flat()]);
    }
    const replies = await connection.replies(requests);
    seenAfter.push([replies.reduce((sum, { text }) => sum + Number(text), 0), await seen("key")]);
  }
  expect(seenAfter[0]).toEqual(seenAfter[1]);
}

/** Compares one request that adds all elements with one for each. */
async function compare(name: string, elements: readonly (readonly string[])[]): Promise<void> {
  await connection.reply("DEL", "key");
  const atOnce = await connection.reply(name, "key", ...elements.flat());
  const value = await seen("key");
  await connection.reply("DEL", "key");
  let replied = 0;
  for (const element of elements) {
    const { text } = await connection.reply(name, "key", ...element);
    replied += Number(text);
  }
  expect(Number(atOnce.text)).toBe(replied);
  expect(value).toEqual(await seen("key"));
}

test("many elements in one request are stored as those that come one by one", async () => {
  await fc.assert(
    fc.asyncProperty(
      settings,
      fc.array(fc.tuple(word, word, score), { minLength: 4, maxLength: 40, size: "max" }),
      async (limits, drawn) => {
        await connection.replies(Object.entries(limits).map(([name, value]): Word[] => ["CONFIG", "SET", name, value]));
        const short = drawn.filter(([text]) => text.length < 200);
        await compareLists(drawn.map(([text]) => text));
        // As in Redis, the number of words decides whether the set becomes a table, also when some are there twice.
        await compare(
          "SADD",
          [...new Set(drawn.map(([text]) => text))].map((text) => [text]),
        );
        await compare(
          "HSET",
          drawn.map(([name, value]) => [name, value]),
        );
        // For each member the first score only: a second one would move it, which one request counts only once.
        const members = [...new Map(short.map(([text, , value]) => [text, value]))];
        if (members.length > 0)
          await compare(
            "ZADD",
            members.map(([text, value]) => [value, text]),
          );
      },
    ),
    { seed: propertySeed(), numRuns: 80 },
  );
});

test("elements that are added a few at a time are stored as those that come one by one", async () => {
  await fc.assert(
    fc.asyncProperty(
      settings,
      fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 8 }),
      fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 5, maxLength: 60, size: "max" }),
      fc.integer({ min: 4, max: 9 }),
      async (limits, words, places, size) => {
        await connection.replies(Object.entries(limits).map(([name, value]): Word[] => ["CONFIG", "SET", name, value]));
        const pairs = places.map(([field, value]): [string, string] => [
          (words[field % words.length] as [string, string])[0] + (field % 3 === 0 ? `${field % 20}` : ""),
          (words[value % words.length] as [string, string])[1],
        ]);
        await compareParts("HSET", pairs, size);
        // The number of words decides whether a set becomes a table, also when some are there twice.
        if (size <= limits["set-max-listpack-entries"]) {
          await compareParts(
            "SADD",
            pairs.map(([member]) => [member]),
            size,
          );
        }
      },
    ),
    { seed: propertySeed(), numRuns: 80 },
  );
});

test("a request with a member twice, or an invalid score, is answered as without packing", async () => {
  await connection.reply("DEL", "key");
  const pairs = ["3", "c", "1.25", "a", "2", "b", "1.25", "b", "7", "d"];
  expect((await connection.reply("ZADD", "key", ...pairs)).text).toBe("4");
  const range = await connection.reply("ZRANGE", "key", 0, -1, "WITHSCORES");
  expect((range.items ?? []).map(({ text }) => text)).toEqual(["a", "1.25", "b", "1.25", "c", "3", "d", "7"]);
  await connection.reply("DEL", "key");
  expect((await connection.reply("ZADD", "key", ...pairs, "1.2.3", "e")).text).toContain("not a valid float");
  expect((await connection.reply("EXISTS", "key")).text).toBe("0");
});
