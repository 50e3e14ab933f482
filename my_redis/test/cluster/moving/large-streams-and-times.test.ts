import { afterEach, expect, test } from "bun:test";
import { SeededRandom } from "../../../../tools/seeded-random.ts";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import type { Reply } from "../../differential/harness/reply.ts";
import type { RespConnection } from "../../differential/harness/resp-connection.ts";
import {
  arrivingAt,
  closeServers,
  copyAll,
  digestsOf,
  follow,
  inside,
  requestsIn,
  start,
  startCopy,
} from "./copied-slots.ts";

afterEach(closeServers);

const long = (number: number): string => `${number}:${"y".repeat(60)}`;

/** What differs from server to server: how the nodes lie in memory, and when a consumer was last seen. */
const notCompared = ["radix-tree-keys", "radix-tree-nodes", "seen-time", "active-time"];

function comparable({ items, text }: Reply): unknown {
  if (items === undefined || items === null) return text;
  return items
    .filter((_, index) => !notCompared.includes(items[index - (index % 2)]?.text ?? ""))
    .map((item) => comparable(item));
}

/** Everything that a stream has. */
const streamOf = async (connection: RespConnection, key: string): Promise<unknown> =>
  comparable(await connection.reply("XINFO", "STREAM", key, "FULL", "COUNT", 0));

/** Entries of different kinds, and groups with pending entries of which some have been deleted or trimmed. */
async function fillStream(connection: RespConnection, key: string): Promise<void> {
  const numbers = Array.from({ length: 6000 }, (_, number) => number + 1);
  await connection.replies([
    ...numbers.map((number) => [
      ...["XADD", key, `${number >> 2}-${(number & 3) + 1}`, "field", long(number)],
      ...(number % 7 === 0 ? ["number", `${number}`] : []),
    ]),
    ["XGROUP", "CREATE", key, "readers", "0"],
    ["XGROUP", "CREATE", key, "others", "20-1", "ENTRIESREAD", 77],
    ["XGROUP", "CREATE", key, "idle", "$"],
    ["XGROUP", "CREATECONSUMER", key, "idle", "nobody"],
    ["XREADGROUP", "GROUP", "readers", "one", "COUNT", 1000, "STREAMS", key, ">"],
    ["XREADGROUP", "GROUP", "readers", "two", "COUNT", 500, "STREAMS", key, ">"],
    ["XREADGROUP", "GROUP", "others", "one", "COUNT", 300, "STREAMS", key, ">"],
    ["XCLAIM", key, "readers", "three", 0, "100-1", "100-2", "RETRYCOUNT", 5, "TIME", 123_456],
    ["XDEL", key, "200-1", "100-2", "1400-1"],
    ["XTRIM", key, "MINID", "90-1"],
    ["XDEL", key, "1500-1"],
  ]);
}

test("a large stream goes in pieces, with its groups and what is pending, and then follows what clients write", async () => {
  const { begin, connection } = await startCopy();
  const target = await start();
  const incoming = arrivingAt(target.services);
  const key = inside("stream");
  await fillStream(connection, key);
  const before = await streamOf(connection, key);
  const copy = begin();
  const random = new SeededRandom(6);
  const writes: Promise<unknown>[] = [];
  let isChanged = false;
  const offset = await copyAll(copy, incoming, async (part) => {
    if (part % 10 !== 5) return;
    isChanged = true;
    const commands = [
      ["XADD", key, "*", "field", "more"],
      ["XREADGROUP", "GROUP", "readers", "four", "COUNT", 20, "STREAMS", key, ">"],
      ["XACK", key, "readers", `${random.below(300)}-1`],
      ["XDEL", key, `${random.below(1500)}-1`],
      ["XTRIM", key, "MAXLEN", "~", 5000],
      ["XGROUP", "CREATE", key, `group${part}`, "$"],
    ];
    writes.push(connection.replies(commands));
    await Bun.sleep(0);
  });
  await Promise.all(writes);
  expect(isChanged).toBe(true);
  follow(copy, incoming, offset);
  const after = await streamOf(connection, key);
  expect(after).not.toEqual(before);
  expect(await streamOf(target.connection, key)).toEqual(after);
  expect(await digestsOf(target.connection, [key])).toEqual(await digestsOf(connection, [key]));
  // It went once: what had changed followed it.
  expect(copy.sentKeys).toBe(1);
  connection.close();
  target.connection.close();
}, 60_000);

test("streams that are large by what is pending, or with unusual counts, arrive as they are", async () => {
  const { begin, connection } = await startCopy();
  const target = await start();
  const incoming = arrivingAt(target.services);
  const [trimmed, lowered, deleted] = ["trimmed", "lowered", "deleted"].map(inside) as [string, string, string];
  const numbers = Array.from({ length: 20_000 }, (_, number) => number + 1);
  const entries = (key: string) => numbers.map((number) => ["XADD", key, `${number}-1`, "f", "v"]);
  const read = (key: string) => [
    ["XGROUP", "CREATE", key, "g", "0"],
    ["XREADGROUP", "GROUP", "g", "c", "COUNT", 20_000, "STREAMS", key, ">"],
  ];
  await connection.replies([...entries(trimmed), ...read(trimmed), ["XTRIM", trimmed, "MAXLEN", 0]]);
  // Its last id is lower than what is pending.
  await connection.replies([...entries(lowered), ...read(lowered), ["XTRIM", lowered, "MAXLEN", 0]]);
  await connection.replies([
    ["XSETID", lowered, "0-0"],
    ["XADD", lowered, "5-5", "f", "v"],
  ]);
  await connection.replies([
    ...entries(deleted),
    ["XDEL", deleted, "20000-1"],
    ["PEXPIREAT", deleted, 9_999_999_999_999],
  ]);
  const copy = begin();
  await copyAll(copy, incoming, async () => {});
  for (const key of [trimmed, lowered, deleted]) {
    expect(await streamOf(target.connection, key)).toEqual(await streamOf(connection, key));
  }
  expect((await target.connection.reply("PEXPIRETIME", deleted)).text).toBe("9999999999999");
  connection.close();
  target.connection.close();
}, 60_000);

const expiredFields = async (connection: RespConnection): Promise<number> =>
  Number(/expired_subkeys:(\d+)/.exec((await connection.reply("INFO", "stats")).text ?? "")?.[1]);

test("a large hash whose fields have times goes in pieces once, though fields expire meanwhile", async () => {
  const { begin, connection } = await startCopy();
  const target = await start();
  const incoming = arrivingAt(target.services);
  const key = inside("hash");
  const fields = Array.from({ length: 6000 }, (_, number) => `f${number}`);
  const [soon, later] = [fields.slice(0, 2000), fields.slice(2000, 4000)];
  const farMs = Date.now() + 3_600_000;
  // Until the copy has begun, nothing removes the fields whose time has passed.
  await connection.reply("DEBUG", "SET-ACTIVE-EXPIRE", 0);
  await target.connection.reply("DEBUG", "SET-ACTIVE-EXPIRE", 0);
  await connection.replies([
    ["HSET", key, ...fields.flatMap((field, number) => [field, long(number)])],
    ...later.map((field, number) => ["HPEXPIREAT", key, farMs + (number >> 1), "FIELDS", 1, field]),
    ["HPEXPIRE", key, 20, "FIELDS", soon.length, ...soon],
  ]);
  await Bun.sleep(30);
  const copy = begin();
  const removed: string[] = [];
  const countRemoved = (commands: Uint8Array): void => {
    for (const [name, , ...words] of requestsIn(commands)) if (name === "HDEL") removed.push(...words);
  };
  let parts = 0;
  const offset = await copyAll(copy, incoming, async (part) => {
    parts++;
    if (part === 3) await connection.reply("DEBUG", "SET-ACTIVE-EXPIRE", 1);
    if (part === 6) {
      const areRemoved = async (): Promise<boolean> => (await expiredFields(connection)) === soon.length;
      await waitUntil(areRemoved, { what: "the fields to expire", timeoutMs: 20_000 });
    }
    countRemoved(copy.part(part)!.commands);
  });
  countRemoved(copy.part(parts)!.commands);
  follow(copy, incoming, offset);
  expect(removed.toSorted()).toEqual(soon.toSorted());
  expect(copy.sentKeys).toBe(1);
  // The target has removed no field by itself.
  expect(await expiredFields(target.connection)).toBe(0);
  expect(await digestsOf(target.connection, [key])).toEqual(await digestsOf(connection, [key]));
  const times = async (each: RespConnection) => each.reply("HPEXPIRETIME", key, "FIELDS", fields.length, ...fields);
  expect(await times(target.connection)).toEqual(await times(connection));
  connection.close();
  target.connection.close();
}, 60_000);

test("a large hash that loses its last field while it goes in pieces is missing at the target", async () => {
  const { begin, connection } = await startCopy();
  const target = await start();
  const incoming = arrivingAt(target.services);
  const key = inside("hash");
  const fields = Array.from({ length: 6000 }, (_, number) => `f${number}`);
  await connection.reply("DEBUG", "SET-ACTIVE-EXPIRE", 0);
  await connection.replies([
    ["HSET", key, ...fields.flatMap((field, number) => [field, long(number)])],
    ["HPEXPIRE", key, 20, "FIELDS", fields.length, ...fields],
  ]);
  await Bun.sleep(30);
  const copy = begin();
  const offset = await copyAll(copy, incoming, async (part) => {
    if (part !== 3) return;
    await connection.reply("DEBUG", "SET-ACTIVE-EXPIRE", 1);
    const isGone = async (): Promise<boolean> => (await connection.reply("EXISTS", key)).text === "0";
    await waitUntil(isGone, { what: "the hash to expire", timeoutMs: 20_000 });
  });
  follow(copy, incoming, offset);
  expect((await target.connection.reply("EXISTS", key)).text).toBe("0");
  connection.close();
  target.connection.close();
}, 60_000);
