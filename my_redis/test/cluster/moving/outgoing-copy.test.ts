import { afterEach, expect, test } from "bun:test";
import { IncomingData } from "../../../src/cluster/moving/incoming-data.ts";
import { notedKeyBytes } from "../../../src/cluster/moving/outgoing-copy.ts";
import { SeededRandom } from "../../../../tools/seeded-random.ts";
import type { RespConnection } from "../../differential/harness/resp-connection.ts";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import {
  arrivingAt,
  closeServers,
  copyAll,
  digestsOf,
  follow,
  inside,
  isInside,
  requestsIn,
  start,
  startCopy,
} from "./copied-slots.ts";

afterEach(closeServers);

const insideTag = ["a", "b", "c", "d"].find(isInside) as string;

test.each([
  ["after the walk", {}],
  ["before the walk goes on", { mostNotedBytes: 5 * notedKeyBytes }],
])(
  "a target that gets all parts and all writes has the same data, though clients write all the time; noted keys go %s",
  async (_, given) => {
    const { begin, connection } = await startCopy();
    const target = await start();
    const incoming = new IncomingData(target.services);
    const random = new SeededRandom(11);
    const write = async (count: number): Promise<void> => {
      const commands = Array.from({ length: count }, () => {
        const key = `k${random.below(5000)}`;
        const choice = random.below(8);
        const other = `k${random.below(5000)}`;
        if (choice === 6) return ["MSET", key, "one", other, "other"];
        if (choice === 7) return ["SINTERSTORE", key, other, "none"];
        if (choice === 0) return ["DEL", key];
        if (choice === 1) return ["RENAME", key, `k${random.below(5000)}`];
        if (choice === 2) return ["COPY", key, key, "DB", 1, "REPLACE"];
        if (choice === 3) return ["MOVE", key, 2];
        return choice === 4 ? ["SET", key, `v${random.below(100)}`] : ["APPEND", key, "x".repeat(random.below(100))];
      });
      await connection.replies([["SELECT", random.below(2)], ...commands]);
    };
    await write(5000);
    const copy = begin(given);
    let parts = 0;
    let offset = 0;
    for (let isLast = false; !isLast; parts++) {
      const part = copy.part(parts);
      // A part that was lost on the way is the same again.
      expect(copy.part(parts)).toBe(part);
      expect(incoming.apply(part!.commands, () => ["ECHO", "cursor"])).toBeUndefined();
      ({ isLast, offset } = part!);
      if (parts < 20) await write(300);
    }
    expect(parts).toBeGreaterThan(3);
    for (let round = 0; round < 5; round++) {
      await write(500);
      for (let isAll = false; !isAll;) {
        const chunk = copy.writesAfter(offset)!;
        expect(incoming.apply(chunk.bytes, () => ["ECHO", "cursor"])).toBeUndefined();
        ({ isAll, offset } = chunk);
      }
      copy.acknowledged(offset);
    }
    expect(copy.waitingBytes).toBe(0);
    // What does not belong to the copy is not compared.
    for (const database of [0, 1, 2]) {
      const [, keys] = await connection.replies([
        ["SELECT", database],
        ["KEYS", "*"],
      ]);
      const outside = (keys?.items ?? []).map(({ text }) => text as string).filter((key) => !isInside(key));
      await connection.reply("UNLINK", "none", ...outside);
    }
    expect(Number((await connection.replies([["SELECT", 0], ["DBSIZE"]]))[1]?.text)).toBeGreaterThan(500);
    const digests = await Promise.all([connection, target.connection].map((each) => each.reply("DEBUG", "DIGEST")));
    expect(digests[0]?.text).toBe(digests[1]?.text as string);
    connection.close();
    target.connection.close();
  },
);

test("what waits for a slow target has a limit, and then the copy keeps nothing", async () => {
  const { begin, connection } = await startCopy();
  expect(isInside("key2")).toBe(true);
  await connection.reply("SET", "key2", "value");
  const copy = begin();
  for (let number = 0; copy.part(number)?.isLast === false; number++);
  const megabyte = "x".repeat(1_000_000);
  for (let count = 0; count < 60; count++) await connection.reply("SET", "key2", megabyte);
  expect(copy.isVoid).toBe(false);
  expect(copy.waitingBytes).toBeGreaterThan(60_000_000);
  for (let count = 0; count < 10; count++) await connection.reply("SET", "key2", megabyte);
  expect([copy.isVoid, copy.waitingBytes]).toEqual([true, 0]);
  expect(copy.writesAfter(0)).toBeUndefined();
  connection.close();
});

test("a key that waits counts with all memory that it takes, and not only with its name", async () => {
  const { begin, connection } = await startCopy();
  const copy = begin();
  const names = Array.from({ length: 4000 }, (_, number) => `k${number}`).filter(isInside);
  await connection.replies(names.map((name) => ["SET", name, "1"]));
  // A copy that has not begun yet notes each key once.
  await connection.replies(names.map((name) => ["SET", name, "2"]));
  const nameBytes = names.join("").length;
  expect(copy.waitingBytes).toBe(nameBytes + names.length * notedKeyBytes);
  for (let number = 0; copy.part(number)?.isLast === false; number++);
  expect(copy.waitingBytes).toBe(0);
  connection.close();
});

/** Fills large values of each type that goes in pieces. */
async function fillLarge(connection: RespConnection): Promise<{ readonly [type: string]: string }> {
  const keys = {
    list: inside("list"),
    set: inside("set"),
    hash: inside("hash"),
    zset: inside("zset"),
    text: inside("text"),
  };
  const numbers = Array.from({ length: 6000 }, (_, number) => number);
  const long = (number: number): string => `${number}:${"y".repeat(60)}`;
  await connection.replies([
    ["RPUSH", keys.list, ...numbers.map((number) => (number % 3 === 0 ? `${number}` : long(number)))],
    ["SADD", keys.set, ...numbers.map(long)],
    ["HSET", keys.hash, ...numbers.flatMap((number) => [`f${number}`, long(number)])],
    [
      "ZADD",
      keys.zset,
      ...numbers.flatMap((number) => [`${number * 0.1}`, long(number)]),
      "-0",
      "zero",
      "-inf",
      "first",
      "inf",
      "last",
    ],
    ["SET", keys.text, Buffer.from(Array.from({ length: 1_000_000 }, (_, at) => at % 251)), "PX", 10_000_000],
    ["PEXPIRE", keys.hash, 20_000_000],
  ]);
  return keys;
}

test("large values go in pieces, and the target has them as they are when clients change them all the time", async () => {
  const { begin, connection } = await startCopy();
  const target = await start();
  const incoming = new IncomingData(target.services);
  const keys = await fillLarge(connection);
  const random = new SeededRandom(5);
  const copy = begin();
  const writes: Promise<unknown>[] = [];
  const word = (): string => `w${random.below(50)}`;
  const write = async (): Promise<void> => {
    const { hash, list, set, text, zset } = keys as Record<string, string>;
    const commands = [
      ["RPUSH", list, word()],
      ["LPOP", list],
      ["LSET", list, "0", word()],
      ["SADD", set, word()],
      ["SREM", set, word()],
      ["HSET", hash, word(), word()],
      ["ZINCRBY", zset, "0.5", word()],
      ["SETRANGE", text, "5", word()],
      ["EXPIRE", set, "5000"],
      ["PERSIST", hash],
    ] as [string, ...string[]][];
    writes.push(
      connection.replies([commands[random.below(commands.length)]!, commands[random.below(commands.length)]!]),
    );
    await Bun.sleep(0);
  };
  const offset = await copyAll(copy, incoming, write);
  await Promise.all(writes);
  follow(copy, incoming, offset);
  const names = Object.values(keys);
  expect(await digestsOf(target.connection, names)).toEqual(await digestsOf(connection, names));
  const times = (each: RespConnection) => each.replies(names.map((name) => ["PEXPIRETIME", name]));
  expect(await times(target.connection)).toEqual(await times(connection));
  // Each went once: what had changed followed it.
  expect(copy.sentKeys).toBe(names.length);
  connection.close();
  target.connection.close();
}, 60_000);

test("a large value that is replaced, renamed or removed while it goes in pieces is sent as it is then", async () => {
  const { begin, connection } = await startCopy();
  const target = await start();
  const incoming = new IncomingData(target.services);
  const keys = await fillLarge(connection);
  const copy = begin();
  const { hash, list, set, text, zset } = keys as Record<string, string>;
  const tagged = (name: string): string => `{${name}}renamed`;
  const changes: [string, ...string[]][] = [
    ["SET", list!, "replaced"],
    ["RENAME", set!, tagged(set!)],
    ["DEL", hash!],
    ["COPY", zset!, tagged(zset!)],
    ["SET", text!, "short"],
    ["RPUSH", list!, "error"],
    ["HSET", hash!, "f", "again"],
  ];
  const offset = await copyAll(copy, incoming, async (number) => {
    const change = number % 4 === 1 ? changes.shift() : undefined;
    if (change !== undefined) await connection.reply(...change);
  });
  expect(changes).toEqual([]);
  follow(copy, incoming, offset);
  const names = Object.values(keys).flatMap((name) => [name, tagged(name)]);
  expect(await digestsOf(target.connection, names)).toEqual(await digestsOf(connection, names));
  connection.close();
  target.connection.close();
}, 60_000);

test("a client that changes a value that goes in pieces waits until its last piece, and not for a target that has gone", async () => {
  const { begin, connection } = await startCopy();
  const { list } = (await fillLarge(connection)) as Record<string, string>;
  await connection.reply("DEL", ...["set", "hash", "zset", "text"].map(inside));
  const copy = begin();
  copy.part(0);
  let isAnswered = false;
  const write = connection.reply("RPUSH", list!, "more").then(() => (isAnswered = true));
  await waitUntil(async () => copy.isAwaited, { what: "the client to wait", timeoutMs: 5000 });
  copy.part(1);
  expect([isAnswered, copy.isAwaited]).toEqual([false, true]);
  await write;
  expect(copy.isAwaited).toBe(false);
  connection.close();
}, 20_000);

test("a list that is sorted by keys that the target does not have yet is sent as it is then", async () => {
  const { begin, connection } = await startCopy();
  const target = await start();
  const incoming = new IncomingData(target.services);
  const lists = [inside("list"), inside("other")];
  const elements = Array.from({ length: 6000 }, (_, number) => `${number}:${"y".repeat(60)}`);
  for (const list of lists) await connection.reply("RPUSH", list, ...elements);
  const copy = begin();
  let isSorted = false;
  const offset = await copyAll(copy, incoming, async () => {
    // The first list is there as a whole when the second one begins.
    if (isSorted || copy.sentKeys < 2) return;
    isSorted = true;
    for (const list of lists) {
      const weights = elements.flatMap((element, number) => [`{${list}}w_${element}`, `${(number * 7919) % 6000}`]);
      await connection.reply("MSET", ...weights);
      await connection.reply("SORT", list, "BY", `{${list}}w_*`, "STORE", list);
    }
  });
  expect(isSorted).toBe(true);
  follow(copy, incoming, offset);
  expect(await digestsOf(target.connection, lists)).toEqual(await digestsOf(connection, lists));
  connection.close();
  target.connection.close();
}, 20_000);

/** The words of all MSETs, key by key. */
const pairsIn = (requests: readonly (readonly string[])[]): string[] =>
  requests
    .filter(([name]) => name === "MSET")
    .flatMap(([, ...words]) => words.flatMap((key, at) => (at % 2 === 0 ? [`${key} ${words[at + 1]}`] : [])));

test("strings go as MSET, those that expire as SET with the moment, and other values as RESTORE", async () => {
  const { begin, connection } = await startCopy();
  const target = await start();
  const inside = (name: string): string => `{${insideTag}}${name}`;
  const [text, number, timed, list] = [inside("text"), inside("number"), inside("timed"), inside("list")] as const;
  const moment = `${Date.now() + 3_600_000}`;
  await connection.replies([
    ["SET", text, "value"],
    ["SET", number, "-9223372036854775808"],
    ["SET", timed, "value", "PXAT", moment],
    ["RPUSH", list, "element"],
  ]);
  const copy = begin();
  const parts = [copy.part(0)!];
  while (!parts.at(-1)!.isLast) parts.push(copy.part(parts.length)!);
  const commands = Buffer.concat(parts.map((part) => part.commands));
  const requests = requestsIn(commands).filter(([name]) => name !== "SELECT");
  const other = requests.filter(([name]) => name !== "MSET").toSorted();
  expect(other).toEqual([expect.arrayContaining(["RESTORE", list]), ["SET", timed, "value", "PXAT", moment]]);
  expect(pairsIn(requests).toSorted()).toEqual([`${number} -9223372036854775808`, `${text} value`]);
  expect(new IncomingData(target.services).apply(commands, () => ["ECHO", "cursor"])).toBeUndefined();
  expect(await target.connection.reply("GET", number)).toMatchObject({ text: "-9223372036854775808" });
  expect(await target.connection.reply("PEXPIRETIME", timed)).toMatchObject({ text: moment });
});

test("what is noted while clients change keys stays near its limit, and the copy ends", async () => {
  const { begin, connection } = await startCopy();
  const target = await start();
  const keys = 40_000;
  const write = (from: number, count: number, value: string) =>
    connection.replies(Array.from({ length: count }, (_, index) => ["SET", `{${insideTag}}${from + index}`, value]));
  await write(0, keys, "old");
  const mostNotedBytes = 1000 * notedKeyBytes;
  const copy = begin({ mostNotedBytes });
  let [changed, longest, sentBefore] = [0, 0, 0];
  await copyAll(copy, arrivingAt(target.services), async () => {
    // Clients change fewer keys than a part has, however few these are on a slow machine.
    const count = Math.ceil((copy.sentKeys - sentBefore) / 2);
    sentBefore = copy.sentKeys;
    if (changed < keys) await write(changed, count, "new");
    changed += count;
    longest = Math.max(longest, copy.waitingBytes);
  });
  expect(changed).toBeGreaterThan(10_000);
  expect(longest).toBeGreaterThan(mostNotedBytes);
  expect(longest).toBeLessThan(1.5 * mostNotedBytes);
  const digests = await Promise.all([connection, target.connection].map((each) => each.reply("DEBUG", "DIGEST")));
  expect(digests[0]?.text).toBe(digests[1]?.text as string);
  connection.close();
  target.connection.close();
}, 60_000);
