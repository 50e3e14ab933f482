import { expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../tools/property-seed.ts";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";
import { startOn } from "./log-folders.ts";

// The loader packs the words of a request at once, however few they are. A client's short requests change a packed value in
// place. Both must give the same value, to the byte.

const keys = ["hash", "other hash", "timed hash", "set", "numbers", "list"] as const;
const word = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 12 }).map((number) => `word ${number}`) },
  { weight: 4, arbitrary: fc.integer({ min: -200, max: 5000 }).map(String) },
  { weight: 2, arbitrary: fc.constantFrom("", "0", "-1", "9223372036854775807", "x".repeat(63), "x".repeat(64)) },
  { weight: 1, arbitrary: fc.constantFrom("y".repeat(65), "y".repeat(4100)) },
);
const change = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constant("HSET"), fc.constantFrom("hash", "other hash", "timed hash"), word, word),
  },
  { weight: 6, arbitrary: fc.tuple(fc.constant("SADD"), fc.constantFrom("set", "numbers"), word) },
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom("RPUSH", "RPUSHX", "LPUSH"), fc.constant("list"), word) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("HDEL"), fc.constant("hash"), word) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("SREM"), fc.constant("set"), word) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom("LPOP", "RPOP"), fc.constant("list")) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("DEL"), fc.constantFrom(...keys)) },
);

/** A table has its entries in any order, so only what is packed is compared to the byte. */
async function seen(connection: RespConnection): Promise<unknown> {
  const values: unknown[] = [await connection.reply("DEBUG", "DIGEST")];
  for (const key of keys) {
    const [encoding, digest, dump] = await connection.replies([
      ["OBJECT", "ENCODING", key],
      ["DEBUG", "DIGEST-VALUE", key],
      ["DUMP", key],
    ]);
    values.push(encoding, digest, encoding?.text === "hashtable" ? undefined : dump);
  }
  return values;
}

test("a log of short requests gives the values that the server had", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 10, maxLength: 300, size: "max" }),
      fc.constantFrom(128, 12, 5),
      async (changes, entries) => {
        const limits = { "hash-max-listpack-entries": entries, "set-max-listpack-entries": entries };
        const options = { ...limits, "enable-debug-command": "yes" } as const;
        const dir = temporaryFolder("loaded-packed");
        const server = await startOn(dir, options);
        const connection = await RespConnection.open(server.port, "the server");
        await connection.reply("HSET", "timed hash", "field", "value", "word 1", "value");
        await connection.reply("HEXPIRE", "timed hash", 100_000, "FIELDS", 1, "field");
        await connection.replies(changes);
        const before = await seen(connection);
        connection.close();
        await server.close();
        const loaded = await startOn(dir, options);
        const again = await RespConnection.open(loaded.port, "the loaded server");
        expect(await seen(again)).toEqual(before);
        again.close();
        await loaded.close();
      },
    ),
    { seed: propertySeed(), numRuns: 20 },
  );
});
