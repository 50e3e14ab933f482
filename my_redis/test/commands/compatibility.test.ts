import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { startRedisServer, temporaryFolder } from "../../../tools/test-services/index.ts";
import { startServer } from "../../index.ts";
import { allCommands, commandsOf } from "../../src/commands/index.ts";
import { compatibilities, type Compatibility } from "../../src/version.ts";
import { showReply } from "../differential/harness/reply.ts";
import { RespConnection, type Word } from "../differential/harness/resp-connection.ts";
import { requestTemplates } from "../fuzz/request-templates.ts";

// No server of the tests has these commands: what is expected comes from their documentation.

const opened = new Map<Compatibility, { connection: RespConnection; close: () => Promise<void> }>();

async function serverOf(compatibility: Compatibility): Promise<RespConnection> {
  const known = opened.get(compatibility);
  if (known !== undefined) return known.connection;
  const server = await startServer({ port: 0, memory: true, compatibility });
  const connection = await RespConnection.open(server.port, compatibility);
  opened.set(compatibility, { connection, close: () => server.close() });
  return connection;
}

let connection: RespConnection;
const shown = async (...command: Word[]): Promise<string> => showReply(await connection.reply(...command));
const use = (compatibility: Compatibility) =>
  beforeEach(async () => {
    connection = await serverOf(compatibility);
    await connection.reply("FLUSHALL");
  });
afterAll(async () => {
  for (const { connection: each, close } of opened.values()) {
    each.close();
    await close();
  }
});

const hello = "Hello world";
const digestOfHello = "b6acb9d84a38ff74";
const wrongType = "-WRONGTYPE Operation against a key holding the wrong kind of value";
const syntax = "-ERR syntax error";

describe("a server that claims to be Redis 8", () => {
  use("redis-8");

  test("sets a string only if the present one is, or is not, the given one", async () => {
    expect(await shown("SET", "k", "v", "IFEQ", "old")).toBe("$nil");
    expect(await shown("SET", "k", "old", "IFNE", "x")).toBe("+OK");
    expect(await shown("SET", "k", "v", "IFNE", "old")).toBe("$nil");
    expect(await shown("SET", "k", "v", "IFEQ", "other")).toBe("$nil");
    expect(await shown("SET", "k", "v", "IFEQ", "old", "GET", "PX", "5000")).toBe('$"old"');
    expect(await shown("SET", "k", "w", "GET", "IFEQ", "old")).toBe('$"v"');
    expect(await shown("GET", "k")).toBe('$"v"');
    expect(await shown("PTTL", "k")).toMatch(/^:[1-5]\d{3}$/);
    expect(await shown("SET", "k", "12", "KEEPTTL", "IFEQ", "v")).toBe("+OK");
    expect(await shown("PTTL", "k")).toMatch(/^:[1-5]\d{3}$/);
    expect(await shown("SET", "k", "13", "IFEQ", "12")).toBe("+OK");
    expect(await shown("PTTL", "k")).toBe(":-1");
  });

  test("sets a string only if the digest of the present one is, or is not, the given one", async () => {
    expect(await shown("SET", "k", "v", "IFDEQ", digestOfHello)).toBe("$nil");
    expect(await shown("SET", "k", hello, "IFDNE", digestOfHello)).toBe("+OK");
    expect(await shown("SET", "k", "v", "IFDNE", digestOfHello)).toBe("$nil");
    expect(await shown("SET", "k", "v", "IFDEQ", digestOfHello.toUpperCase())).toBe("+OK");
    expect(await shown("SET", "k", "v", "IFDEQ", "12")).toBe("-ERR digest must be exactly 16 hexadecimal characters");
  });

  test("gives the digest of a string, which no other type has", async () => {
    await connection.reply("MSET", "k", hello, "n", "17");
    expect(await shown("DIGEST", "k")).toBe(`$"${digestOfHello}"`);
    expect(await shown("DIGEST", "n")).toBe(`$"${Bun.hash.xxHash3("17").toString(16).padStart(16, "0")}"`);
    expect(await shown("DIGEST", "none")).toBe("$nil");
    await connection.reply("RPUSH", "list", "a");
    expect(await shown("DIGEST", "list")).toBe(wrongType);
  });

  test("deletes a key only if its string meets the condition", async () => {
    await connection.reply("MSET", "a", "1", "b", hello, "c", "3", "d", "4");
    expect(await shown("DELEX", "a", "IFEQ", "2")).toBe(":0");
    expect(await shown("DELEX", "a", "IFEQ", "1")).toBe(":1");
    expect(await shown("DELEX", "a", "IFNE", "1")).toBe(":0");
    expect(await shown("DELEX", "b", "IFDNE", digestOfHello)).toBe(":0");
    expect(await shown("DELEX", "b", "IFDEQ", digestOfHello)).toBe(":1");
    expect(await shown("DELEX", "c", "IFNE", "4")).toBe(":1");
    expect(await shown("DELEX", "d")).toBe(":1");
    await connection.reply("RPUSH", "list", "a");
    expect(await shown("DELEX", "list", "IFEQ", "a")).toBe(wrongType);
    expect(await shown("DELEX", "list")).toBe(":1");
    expect(await shown("DBSIZE")).toBe(":0");
  });

  test("sets several strings with one expiry, if all exist or none does", async () => {
    expect(await shown("MSETEX", "2", "a", "1", "b", "2", "EX", "100")).toBe(":1");
    expect(await shown("TTL", "b")).toMatch(/^:(99|100)$/);
    expect(await shown("MSETEX", "2", "b", "3", "c", "3", "NX")).toBe(":0");
    expect(await shown("MSETEX", "2", "b", "3", "c", "3", "XX")).toBe(":0");
    expect(await shown("MSETEX", "2", "a", "4", "b", "4", "XX", "KEEPTTL")).toBe(":1");
    expect(await shown("TTL", "a")).toMatch(/^:(99|100)$/);
    expect(await shown("MSETEX", "1", "a", "5")).toBe(":1");
    expect(await shown("TTL", "a")).toBe(":-1");
    expect(await shown("MGET", "a", "b", "c")).toBe('*[$"5" $"4" $nil]');
  });

  test("refuses what makes no sense", async () => {
    const refused: readonly (readonly [error: string, ...words: string[]])[] = [
      [syntax, "SET", "k", "v", "NX", "IFEQ", "x"],
      [syntax, "SET", "k", "v", "IFEQ", "x", "XX"],
      [syntax, "SET", "k", "v", "IFEQ", "x", "IFEQ", "y"],
      [syntax, "SET", "k", "v", "IFEQ", "x", "IFDNE", digestOfHello],
      [syntax, "SET", "k", "v", "IFEQ"],
      [syntax, "DELEX", "k", "IFEQ"],
      [syntax, "DELEX", "k", "IFEQ", "a", "IFNE", "b"],
      [syntax, "DELEX", "k", "NX"],
      ["-ERR invalid numkeys value", "MSETEX", "0", "k", "v"],
      ["-ERR invalid numkeys value", "MSETEX", "x", "k", "v"],
      ["-ERR wrong number of key-value pairs", "MSETEX", "2", "k", "v", "l"],
      [syntax, "MSETEX", "1", "k", "v", "NX", "XX"],
      [syntax, "MSETEX", "1", "k", "v", "GET"],
      ["-ERR invalid expire time in 'msetex' command", "MSETEX", "1", "k", "v", "EX", "0"],
    ];
    for (const [error, ...words] of refused) expect([words, await shown(...words)]).toEqual([words, error]);
    await connection.reply("RPUSH", "list", "a");
    expect(await shown("SET", "list", "v", "IFNE", "a")).toBe(wrongType);
  });
});

describe("a server that claims to be Valkey 9", () => {
  use("valkey-9");

  test("has SET with IFEQ, and DELIFEQ", async () => {
    await connection.reply("SET", "k", "old");
    expect(await shown("SET", "k", "new", "IFEQ", "older")).toBe("$nil");
    expect(await shown("SET", "k", "new", "IFEQ", "old")).toBe("+OK");
    expect(await shown("SET", "k", "new", "IFNE", "old")).toBe(syntax);
    expect(await shown("DELIFEQ", "k", "old")).toBe(":0");
    expect(await shown("DELIFEQ", "k", "new")).toBe(":1");
    expect(await shown("DELIFEQ", "k", "new")).toBe(":0");
    expect(await shown("DELEX", "k")).toStartWith("-ERR unknown command 'DELEX'");
  });
});

describe("what a server claims to be", () => {
  const claims: Readonly<Record<Compatibility, readonly string[]>> = {
    "redis-7.2": ["redis", "7.2.0", "7.2.0"],
    "redis-8": ["redis", "8.4.0", "8.4.0"],
    "valkey-9": ["valkey", "9.0.0", "7.2.4"],
  };
  for (const [compatibility, [server, version, redisVersion]] of Object.entries(claims)) {
    test(`${compatibility}: HELLO, INFO, LOLWUT, scripts and CONFIG say the same`, async () => {
      connection = await serverOf(compatibility as Compatibility);
      expect((await connection.reply("HELLO")).items?.slice(1, 4).map(({ text }) => text)).toEqual([
        server,
        "version",
        version,
      ]);
      const info = (await connection.reply("INFO", "server")).text;
      expect(info).toContain(`redis_version:${redisVersion}\r\n`);
      expect(info?.includes("valkey_version:9.0.0\r\n")).toBe(server === "valkey");
      expect((await connection.reply("LOLWUT")).text?.toLowerCase()).toStartWith(`${server} ver. ${version} `);
      expect(await shown("EVAL", "return redis.REDIS_VERSION", "0")).toBe(`$"${redisVersion}"`);
      expect(await shown("CONFIG", "GET", "compatibility")).toBe(`*[$"compatibility" $"${compatibility}"]`);
    });
  }

  test("decides which commands and options COMMAND shows", async () => {
    const further = { "redis-7.2": [], "redis-8": ["delex", "digest", "msetex"], "valkey-9": ["delifeq"] };
    for (const compatibility of compatibilities) {
      connection = await serverOf(compatibility);
      const known = new Set(allCommands.map(({ name }) => name.toLowerCase()));
      const all = (await connection.reply("COMMAND", "LIST")).items?.map(({ text }) => text ?? "") ?? [];
      const listed = all.filter((name) => !name.includes("|"));
      expect(listed.filter((name) => !known.has(name)).toSorted()).toEqual(further[compatibility]);
      expect(listed.length).toBe(known.size + further[compatibility].length);
      const docs = await shown("COMMAND", "DOCS", "SET");
      const has = ["IFEQ", "IFNE", "IFDEQ", "IFDNE"].filter((word) => docs.includes(`"${word}"`)).length;
      expect(has).toBe({ "redis-7.2": 0, "redis-8": 4, "valkey-9": 1 }[compatibility]);
    }
    connection = await serverOf("redis-7.2");
    expect(await shown("SET", "k", "v", "IFEQ", "x")).toBe(syntax);
  });

  test("a server finds the keys of commands that Redis 7.2 does not have", async () => {
    connection = await serverOf("redis-8");
    expect(await shown("COMMAND", "GETKEYS", "MSETEX", "2", "a", "1", "b", "2", "NX")).toBe('*[$"a" $"b"]');
    expect(await shown("COMMAND", "GETKEYS", "DELEX", "a", "IFEQ", "1")).toBe('*[$"a"]');
  });

  test("each of its own commands has a seed for the fuzzer", () => {
    const names = compatibilities.flatMap((each) =>
      commandsOf(each)
        .slice(allCommands.length)
        .map(({ name }) => name),
    );
    expect(names.length).toBeGreaterThan(3);
    for (const name of names)
      expect([name, requestTemplates.some((each) => each.startsWith(`${name} `))]).toEqual([name, true]);
  });
});

test("the log has what the commands of Redis 8 did, in words that redis-server 7 loads", async () => {
  const dir = temporaryFolder("compatibility");
  const server = await startServer({ port: 0, dir, appendonly: true, compatibility: "redis-8" });
  connection = await RespConnection.open(server.port, "MyRedis");
  const requests: readonly (readonly string[])[] = [
    ["SET", "a", "1", "IFNE", "0"],
    ["SET", "a", "2", "IFEQ", "1", "GET"],
    ["SET", "a", "3", "IFEQ", "1"],
    ["SET", "b", "1", "PXAT", "99999999999999"],
    ["SET", "b", "2", "IFEQ", "1", "KEEPTTL"],
    ["MSETEX", "2", "c", "1", "d", "2"],
    ["MSETEX", "2", "c", "3", "e", "4", "PXAT", "99999999999999"],
    ["MSETEX", "1", "c", "5", "KEEPTTL"],
    ["SET", "f", "x"],
    ["DELEX", "d", "IFEQ", "2"],
    ["DELEX", "f", "IFEQ", "y"],
  ];
  for (const words of requests) await connection.reply(...words);
  const state = async (from: RespConnection): Promise<string[]> => {
    const keys = ["a", "b", "c", "d", "e", "f"];
    const replies = await from.replies([["MGET", ...keys], ...keys.map((key) => ["PEXPIRETIME", key])]);
    return replies.map(showReply);
  };
  const expected = await state(connection);
  expect(expected[0]).toBe('*[$"2" $"2" $"5" $nil $"4" $"x"]');
  connection.close();
  await server.close();
  const folder = join(dir, "appendonlydir");
  const text = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), "latin1"))
    .join("");
  expect(text).not.toMatch(/IFEQ|IFNE|DELEX|MSETEX/);
  const redis = await startRedisServer({ args: ["--dir", dir, "--appendonly", "yes"] });
  const other = await RespConnection.open(redis.port, "redis-server");
  expect(await state(other)).toEqual(expected);
  other.close();
  await redis.stop();
});
