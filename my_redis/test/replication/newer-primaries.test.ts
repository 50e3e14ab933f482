import { afterEach, describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import {
  type Bytes,
  count,
  dumped,
  fact,
  integerString,
  key,
  listpack,
  milliseconds,
  rdbFile,
  streamId,
  string,
} from "./independent-rdb.ts";
import { closedAfterEach, infoField, startMyRedis, type TestServer } from "./replication-servers.ts";
import { ScriptedPrimary } from "./scripted-primary.ts";

/** Moments far in the future, as milliseconds. */
const later = 4_000_000_000_000;
const seenMs = 1_700_000_000_000;
const activeMs = 1_600_000_000_000;
const never = -1;

/** What stands before the first key of a file that goes to a replica. */
const header = (version: string): Bytes => [
  ...fact("redis-ver", version),
  ...fact("redis-bits", integerString(64, 1)),
  ...fact("ctime", integerString(1_700_000_000, 4)),
  ...fact("used-mem", integerString(1_500_000, 4)),
  ...fact("repl-stream-db", integerString(0, 1)),
  ...fact("repl-id", "a".repeat(40)),
  ...fact("repl-offset", integerString(100, 1)),
  ...fact("aof-base", integerString(0, 1)),
  // A library of functions.
  ...[245, ...string("#!lua name=lib\nredis.register_function('f', function() return 1 end)")],
];

const database = (number: number, keys: number, expiring: number): Bytes => [
  ...[254, ...count(number)],
  ...[251, ...count(keys), ...count(expiring)],
];

/** The type of a stream in 7.2 and later: two consumers, of which one has never got an entry. */
const stream: Bytes = [
  ...count(1),
  ...string(streamId(5, 1)),
  // One live entry, one deleted; the names of their fields; the entries.
  ...string(listpack(1, 1, 1, "f", 0, 2, 0, 0, "value", 4, 3, 0, 1, "gone", 4)),
  ...[...count(1), ...count(5), ...count(2)],
  ...[...count(5), ...count(1)],
  ...[...count(5), ...count(2)],
  ...count(2),
  ...count(1),
  ...string("g"),
  ...[...count(5), ...count(2), ...count(2)],
  ...[...count(1), ...streamId(5, 1), ...milliseconds(seenMs), ...count(3)],
  ...count(2),
  ...[...string("active"), ...milliseconds(seenMs), ...milliseconds(activeMs), ...count(1), ...streamId(5, 1)],
  ...[...string("idle"), ...milliseconds(seenMs), ...milliseconds(never), ...count(0)],
];

const longText = "x".repeat(64);
const members = ["a", "", longText, 1, -1, 4095, -70, 30_000, -8_000_000, 2_000_000_000, -5_000_000_000] as const;

const of72 = rdbFile(
  11,
  header("7.2.5"),
  database(0, 4, 1),
  key(20, "packed set", string(listpack(...members))),
  [248, ...count(1000), ...key(20, "idle set", string(listpack("one")))],
  [249, 77, ...key(21, "stream", stream)],
  [252, ...milliseconds(later), ...key(0, "expiring", integerString(-7, 2))],
  database(3, 1, 0),
  key(20, "packed set", string(listpack(1, 2, 3))),
);

/** A hash of fields with and without an expiry, in each of the forms of 7.4: large and packed, final and of its candidates. */
const fields: readonly (readonly [name: string, value: string, time: number])[] = [
  ["soon", "1", later],
  ["late", longText, later + 70_000],
  ["always", "3", 0],
];
const packedFields = string(listpack(...fields.flatMap(([name, value, time]) => [name, value, time])));
const spread = (timeOf: (time: number) => number): Bytes => [
  ...count(fields.length),
  ...fields.flatMap(([name, value, time]) => [...count(timeOf(time)), ...string(name), ...string(value)]),
];

const of74 = rdbFile(
  12,
  header("7.4.1"),
  database(0, 5, 0),
  // In cluster mode: a slot, its keys, and those with an expiry.
  [244, ...count(5461), ...count(5), ...count(0)],
  key(
    22,
    "candidate hash",
    spread((time) => time),
  ),
  key(23, "candidate packed hash", packedFields),
  key(24, "hash", [...milliseconds(later), ...spread((time) => (time === 0 ? 0 : time - later + 1))]),
  key(25, "packed hash", [...milliseconds(later), ...packedFields]),
  key(21, "stream", stream),
);

type Words = readonly (string | Uint8Array)[];

const requestOf = (words: Words): Buffer =>
  Buffer.concat([
    Buffer.from(`*${words.length}\r\n`),
    ...words.flatMap((word) => [Buffer.from(`$${word.length}\r\n`), Buffer.from(word), Buffer.from("\r\n")]),
  ]);

describe("a replica follows a primary", () => {
  const started = closedAfterEach();
  const scripted: ScriptedPrimary[] = [];
  afterEach(async () => {
    for (const primary of scripted.splice(0)) await primary.close();
  });

  /** A replica that has taken in the file, and then these commands without an error. */
  async function replicaAfter(file: Uint8Array, commands: readonly Words[] = []): Promise<TestServer> {
    const requests = [["SELECT", "0"], ...commands].map((words) => requestOf(words));
    const primary = await ScriptedPrimary.open(file, Buffer.concat(requests));
    scripted.push(primary);
    const replica = await started(startMyRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
    const offset = 100 + requests.reduce((sum, { length }) => sum + length, 0);
    await waitUntil(async () => (await infoField(replica, "master_repl_offset")) === String(offset), {
      what: `the replica to be at offset ${offset}`,
      timeoutMs: 20_000,
    }).catch((error: unknown) => {
      throw new Error(replica.log(), { cause: error });
    });
    expect(replica.log()).not.toContain("answered with an error");
    return replica;
  }

  async function expectStream(replica: TestServer): Promise<void> {
    const full = (await replica.ask("XINFO", "STREAM", "stream", "FULL")).replaceAll("\n", " ");
    for (const part of [
      /length\W+1\W/,
      /last-generated-id\W+5-2/,
      /max-deleted-entry-id\W+5-2/,
      /entries-added\W+2\W/,
      /recorded-first-entry-id\W+5-1/,
      new RegExp(`name\\W+active\\W.*seen-time\\W+${seenMs}\\W+.*active-time\\W+${activeMs}\\W`),
      new RegExp(`name\\W+idle\\W.*seen-time\\W+${seenMs}\\W+.*active-time\\W+-1\\W`),
      /entries-read\W+2\W/,
    ]) {
      expect(full).toMatch(part);
    }
    expect(await replica.ask("XRANGE", "stream", "-", "+")).toMatch(/5-1.*f.*value/s);
  }

  test("of Redis 7.2, with all that its snapshot has and 7.0's has not", async () => {
    const replica = await replicaAfter(of72);
    const connection = await replica.connect();
    const found = (await connection.reply("SMEMBERS", "packed set")).items?.map(({ text }) => text) ?? [];
    expect(found.toSorted()).toEqual(members.map(String).toSorted());
    connection.close();
    expect(await replica.ask("OBJECT", "ENCODING", "packed set")).toContain("listpack");
    expect(await replica.ask("PEXPIRETIME", "expiring")).toContain(String(later));
    expect(await replica.ask("GET", "expiring")).toContain("-7");
    expect(await replica.ask("SCARD", "idle set")).toBe(":1");
    await expectStream(replica);
    await replica.ask("SELECT", "3");
    expect(await replica.ask("SMEMBERS", "packed set")).toMatch(/1.*2.*3/s);
    expect(replica.log()).toContain("a library of functions in the snapshot is left out: '#!lua name=lib'");
  }, 60_000);

  test("of Redis 7.4, with fields that expire", async () => {
    const replica = await replicaAfter(of74);
    for (const name of ["candidate hash", "candidate packed hash", "hash", "packed hash"]) {
      expect(await replica.ask("HLEN", name)).toBe(":3");
      expect(await replica.ask("HMGET", name, "soon", "late", "always")).toMatch(new RegExp(`1.*${longText}.*3`, "s"));
      const times = await replica.ask("HPEXPIRETIME", name, "FIELDS", "4", "soon", "late", "always", "none");
      expect(times.match(/-?\d{13}|:-\d/g)).toEqual([String(later), String(later + 70_000), ":-1", ":-2"]);
    }
    await expectStream(replica);
  }, 60_000);

  test("that sends what 7.2 and 7.4 send, and 7.0 does not", async () => {
    const commands: readonly Words[] = [
      ["PING"],
      ["SPUBLISH", "shard", "message"],
      ["PUBLISH", "channel", "message"],
      ["SET", "string", "1", "PXAT", String(later)],
      ["SET", "string", "2.5", "KEEPTTL"],
      ["XADD", "s", "5-1", "f", "v"],
      ["XADD", "s", "MAXLEN", "=", "1", "5-2", "f", "v"],
      ["XADD", "s", "NOMKSTREAM", "MINID", "=", "5-2", "5-3", "f", "v"],
      ["XSETID", "s", "9-9", "ENTRIESADDED", "10", "MAXDELETEDID", "5-1"],
      ["XGROUP", "CREATE", "s", "g", "5-2", "MKSTREAM", "ENTRIESREAD", "9"],
      ["XGROUP", "CREATECONSUMER", "s", "g", "c"],
      [
        "XCLAIM",
        "s",
        "g",
        "c",
        "0",
        "5-3",
        "TIME",
        String(seenMs),
        "RETRYCOUNT",
        "4",
        "FORCE",
        "JUSTID",
        "LASTID",
        "5-3",
      ],
      ["XGROUP", "SETID", "s", "g", "5-3", "ENTRIESREAD", "10"],
      ["XTRIM", "s", "MINID", "=", "5-2", "LIMIT", "0"],
      ["MULTI"],
      ["HSET", "h", "one", "1", "two", "2", "three", "3"],
      ["HPEXPIREAT", "h", String(later), "FIELDS", "2", "one", "two"],
      ["HPEXPIREAT", "h", String(later + 1), "GT", "FIELDS", "1", "two"],
      ["EXEC"],
      ["HPERSIST", "h", "FIELDS", "1", "one"],
      ["HDEL", "h", "three"],
      ["HSETEX", "h", "FXX", "PXAT", String(later + 2), "FIELDS", "1", "one", "4"],
      ["HSETEX", "h", "KEEPTTL", "FIELDS", "1", "one", "5"],
      ["RESTORE", "restored", "0", dumped(11, 20, string(listpack("m", 1))), "REPLACE", "ABSTTL"],
      ["RESTORE", "timed", String(later), dumped(12, 25, [...milliseconds(later), ...packedFields]), "ABSTTL"],
      ["ZADD", "z", "1.5", "m"],
      ["ZPOPMIN", "z", "1"],
      ["LMOVE", "none", "none", "LEFT", "RIGHT"],
      ["UNLINK", "none"],
    ];
    const replica = await replicaAfter(of72, commands);
    expect(await replica.ask("GET", "string")).toContain("2.5");
    expect(await replica.ask("PEXPIRETIME", "string")).toContain(String(later));
    const info = (await replica.ask("XINFO", "STREAM", "s")).replaceAll("\n", " ");
    expect(info).toMatch(/length\W+2\W.*last-generated-id\W+9-9.*max-deleted-entry-id\W+5-1.*entries-added\W+10\W/);
    expect(await replica.ask("XPENDING", "s", "g", "-", "+", "9")).toMatch(/5-3.*c.*:4/s);
    expect(await replica.ask("XINFO", "GROUPS", "s")).toMatch(/5-3.*entries-read\W+10\W/s);
    expect(await replica.ask("HMGET", "h", "one", "two", "three")).toMatch(/5.*2/s);
    const times = await replica.ask("HPEXPIRETIME", "h", "FIELDS", "2", "one", "two");
    expect(times.match(/\d{13}/g)).toEqual([String(later + 2), String(later + 1)]);
    expect(await replica.ask("SMEMBERS", "restored")).toMatch(/m/);
    expect(await replica.ask("PEXPIRETIME", "timed")).toContain(String(later));
    expect(await replica.ask("HLEN", "timed")).toBe(":3");
  }, 60_000);

  test("and has a replica of 7.2, which says its version", async () => {
    const primary = await started(startMyRedis());
    expect(await primary.ask("REPLCONF", "capa", "eof", "capa", "psync2")).toContain("OK");
    expect(await primary.ask("REPLCONF", "version", "7.2.5")).toContain("OK");
  }, 60_000);
});
