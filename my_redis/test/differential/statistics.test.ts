import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireService, waitUntil } from "../../../tools/test-services/index.ts";
import { RespConnection, type Word } from "./harness/resp-connection.ts";
import { type StartedPair, startPair } from "./harness/start-pair.ts";
import { statisticsDifference, statisticsText } from "./harness/statistics-text.ts";

const redis = requireService("redis");

/** Requests of one client, or something that is done between them. */
type Step = readonly Word[] | ((clients: Clients) => Promise<void>);

interface Clients {
  readonly one: RespConnection;
  readonly other: RespConnection;
}

/** Waits until a client is blocked. The number of questions differs, so CONFIG RESETSTAT must follow. */
async function blocked({ other }: Clients): Promise<void> {
  const isBlocked = async (): Promise<boolean> =>
    (await other.reply("INFO", "clients")).text?.includes("blocked_clients:1") === true;
  await waitUntil(isBlocked, { what: "a client to be blocked", timeoutMs: 10_000 });
}

/** The other client sends a command, and reads its reply. */
const other =
  (...command: Word[]): Step =>
  async (clients) => {
    await clients.other.reply(...command);
  };

/** The client sends a command that blocks; the reply is read by `answered`. */
const sends =
  (...command: Word[]): Step =>
  async (clients) => {
    clients.one.send(command);
    await blocked(clients);
  };

/** The other client ends the waiting of the client that BLPOP blocked. */
const unblocks =
  (how: "ERROR" | "TIMEOUT"): Step =>
  async ({ other }) => {
    const { text } = await other.reply("CLIENT", "LIST");
    const id = /id=(\d+)[^\n]*cmd=blpop/.exec(text ?? "")?.[1] ?? "";
    await other.reply("CLIENT", "UNBLOCK", id, how);
  };

/** Reads the reply of the command that blocked. */
const answered: Step = async ({ one }) => {
  await one.next();
};

const scenarios: Readonly<Record<string, readonly Step[]>> = {
  "a command that succeeds": [
    ["SET", "k", "v"],
    ["GET", "k"],
    ["GET", "none"],
  ],
  "a wrong number of arguments": [["GET"], ["GET", "a", "b"], ["SET", "k"]],
  "a command that is only ever refused": [["LPUSH", "k"]],
  "an unknown command": [["NOSUCH"], ["nosuch", "x"], ["GET", "k"]],
  subcommands: [
    ["CONFIG", "GET"],
    ["CONFIG"],
    ["CONFIG", "NOSUCH"],
    ["CONFIG", "GET", "port"],
    ["CLIENT", "NO-EVICT"],
    ["CLIENT", "ID", "x"],
    ["OBJECT", "HELP"],
    ["OBJECT", "HELP", "x"],
    ["XGROUP", "CREATE", "k"],
  ],
  "an option that is refused": [
    ["CLIENT", "NO-EVICT", "maybe"],
    ["SET", "k", "v", "NOSUCH"],
  ],
  "a wrong type": [
    ["SET", "k", "v"],
    ["LPUSH", "k", "a"],
    ["LPUSH", "k", "a"],
    ["HGET", "k", "f"],
  ],
  "requests in MULTI": [["MULTI"], ["GET"], ["SET", "k", "v"], ["EXEC"]],
  "an unknown command in MULTI": [["MULTI"], ["NOSUCH"], ["EXEC"]],
  "errors in EXEC": [["SET", "k", "v"], ["MULTI"], ["LPUSH", "k", "a"], ["GET", "k"], ["EXEC"]],
  "EXEC with arguments": [["MULTI"], ["SET", "k", "v"], ["EXEC", "x"], ["EXEC"]],
  "EXEC and DISCARD without MULTI": [["EXEC"], ["DISCARD"]],
  "MULTI in MULTI, WATCH in MULTI": [["MULTI"], ["MULTI"], ["WATCH", "k"], ["EXEC"]],
  "a command that MULTI refuses": [["MULTI"], ["SUBSCRIBE", "c"], ["MONITOR"], ["DISCARD"]],
  "a broken watch": [["SET", "k", "1"], ["WATCH", "k"], ["SET", "k", "2"], ["MULTI"], ["GET", "k"], ["EXEC"]],
  DISCARD: [["MULTI"], ["GET", "k"], ["DISCARD"]],
  "redis.call in a script": [
    ["SET", "k", "v"],
    ["EVAL", "return redis.call('get', KEYS[1])", 1, "k"],
    ["EVAL", "return redis.call('lpush', KEYS[1], 'a')", 1, "k"],
  ],
  "redis.pcall in a script": [
    ["SET", "k", "v"],
    ["EVAL", "redis.pcall('lpush', KEYS[1], 'a') return 1", 1, "k"],
    ["EVAL", "return redis.pcall('lpush', KEYS[1], 'a')", 1, "k"],
  ],
  "pcall around redis.call": [
    ["SET", "k", "v"],
    ["EVAL", "pcall(redis.call, 'lpush', KEYS[1], 'a') return 1", 1, "k"],
    ["EVAL", "local _, e = pcall(redis.call, 'lpush', KEYS[1], 'a') return e", 1, "k"],
  ],
  "wrong numbers of arguments in a script": [
    ["EVAL", "return redis.call('get')", 0],
    ["EVAL", "return redis.pcall('get')", 0],
    ["EVAL", "redis.pcall('get') return 1", 0],
    ["EVAL", "redis.pcall('config', 'get') return 1", 0],
  ],
  "unknown commands in a script": [
    ["EVAL", "return redis.call('nosuch')", 0],
    ["EVAL", "return redis.pcall('nosuch')", 0],
    ["EVAL", "return redis.pcall('config', 'nosuch')", 0],
    ["EVAL", "return redis.pcall()", 0],
  ],
  "commands that scripts may not call": [
    ["EVAL", "return redis.call('subscribe', 'c')", 0],
    ["EVAL", "return redis.pcall('multi')", 0],
    ["EVAL_RO", "return redis.call('set', 'k', 'v')", 0],
    ["EVAL", "return redis.pcall('eval', 'return 1', 0)", 0],
  ],
  "errors of scripts": [
    ["EVAL", "error('x')", 0],
    ["EVAL", "error({err='MY y'})", 0],
    ["EVAL", "return {err='MINE z'}", 0],
    ["EVAL", "return redis.error_reply('ERR a')", 0],
    ["EVAL", "return {1, {err='MINE z'}}", 0],
    ["EVAL", "nosuch()", 0],
    ["EVAL", "this is no Lua", 0],
    ["EVAL", "return 1", "x"],
    ["EVAL", "return 1", "-1"],
    ["EVAL", "return 1", "2", "k"],
  ],
  "scripts that are not known": [
    ["EVALSHA", "a".repeat(40), 0],
    ["EVALSHA", "b", 0],
    ["EVALSHA", "c"],
    ["SCRIPT", "EXISTS", "x"],
    ["SCRIPT", "KILL"],
    ["SCRIPT", "LOAD", "no Lua"],
  ],
  "a script in EXEC": [
    ["SET", "k", "v"],
    ["MULTI"],
    ["EVAL", "return redis.call('lpush', 'k', 'a')", 0],
    ["EVAL", "return redis.call('get')", 0],
    ["EVALSHA", "x", 0],
    ["EXEC"],
  ],
  "an element that ends a block": [
    sends("BLPOP", "l", "0"),
    other("CONFIG", "RESETSTAT"),
    other("RPUSH", "l", "a"),
    answered,
  ],
  "a block that needs no waiting": [
    ["RPUSH", "l", "a", "b"],
    ["BLPOP", "l", "0"],
    ["BLPOP", "none", "0.01"],
    ["BLMOVE", "l", "d", "LEFT", "LEFT", "0"],
  ],
  "a block that only times out": [["BLPOP", "none", "0.01"]],
  "a block in MULTI": [["MULTI"], ["BLPOP", "l", "0"], ["EXEC"]],
  "a block that times out": [sends("BLPOP", "l", "0.1"), other("CONFIG", "RESETSTAT"), answered],
  "a block that meets another type": [
    sends("BRPOPLPUSH", "l", "d", "0"),
    other("CONFIG", "RESETSTAT"),
    other("SET", "d", "x"),
    other("RPUSH", "l", "a"),
    answered,
  ],
  "CLIENT UNBLOCK with an error": [sends("BLPOP", "l", "0"), other("CONFIG", "RESETSTAT"), unblocks("ERROR"), answered],
  "CLIENT UNBLOCK as after a timeout": [
    sends("BLPOP", "l", "0"),
    other("CONFIG", "RESETSTAT"),
    unblocks("TIMEOUT"),
    answered,
  ],
  "DEBUG without permission": [["DEBUG", "SLEEP", "0"], ["DEBUG"], ["MULTI"], ["DEBUG", "HELP"], ["EXEC"]],
  "a block that times out wrongly": [
    ["BLPOP", "l", "-1"],
    ["BLPOP", "l", "x"],
    ["XREAD", "BLOCK", "x", "STREAMS", "s", "$"],
  ],
  "a wrong password": [["AUTH", "x"], ["AUTH", "x", "y"], ["HELLO", "9"], ["HELLO", "3", "AUTH", "default"], ["AUTH"]],
  "full memory": [
    other("CONFIG", "SET", "maxmemory", "1"),
    ["SET", "k", "v"],
    ["GET", "k"],
    ["MULTI"],
    ["SET", "k", "v"],
    ["GET", "k"],
    ["EXEC"],
    ["EVAL", "return redis.call('set', 'k', 'v')", 0],
    ["EVAL", "return redis.pcall('set', 'k', 'v')", 0],
    ["EVAL", "#!lua flags=allow-oom\nreturn redis.call('set', 'k', 'v')", 0],
    ["EVAL", "#!lua\nreturn redis.call('get', 'k')", 0],
    other("CONFIG", "SET", "maxmemory", "0"),
  ],
  "subscribed clients": [
    ["SUBSCRIBE", "c"],
    ["GET", "k"],
    ["PING"],
    async ({ one }) => {
      one.send(["UNSUBSCRIBE", "c"]);
      await one.next();
    },
  ],
  "CLIENT REPLY": [
    ["CLIENT", "REPLY", "NOSUCH"],
    ["CLIENT", "REPLY"],
  ],
  "CONFIG RESETSTAT": [["GET"], ["CONFIG", "RESETSTAT"], ["CONFIG", "RESETSTAT", "x"]],
  "nested subcommands and HELP": [
    ["XINFO", "STREAM", "none"],
    ["XINFO"],
    ["MEMORY", "USAGE"],
    ["COMMAND", "GETKEYS", "nosuch"],
    ["COMMAND", "INFO"],
    ["SLOWLOG", "GET", "x"],
    ["LATENCY", "NOSUCH"],
    ["PUBSUB"],
    ["ACL", "WHOAMI"],
    ["ACL", "NOSUCH"],
  ],
  "SELECT, SWAPDB and MOVE": [
    ["SELECT", "99"],
    ["SELECT", "x"],
    ["SWAPDB", "0", "99"],
    ["MOVE", "k", "0"],
    ["SET", "k", "v"],
    ["MOVE", "k", "99"],
  ],
  "WAIT, RESET, ECHO, TIME": [["ECHO"], ["ECHO", "x"], ["RESET"], ["RESET", "x"], ["TIME"], ["PING", "a", "b"]],
  "hits and misses": [
    ["SET", "k", "v"],
    ["EXISTS", "k", "n"],
    ["TYPE", "n"],
    ["TTL", "k"],
    ["TTL", "n"],
    ["OBJECT", "ENCODING", "n"],
    ["OBJECT", "ENCODING", "k"],
    ["MGET", "k", "n"],
    ["STRLEN", "n"],
    ["SETRANGE", "k", 0, "x"],
    ["APPEND", "n", "x"],
    ["INCR", "c"],
    ["GETSET", "c", "1"],
    ["GETDEL", "none"],
    ["GETEX", "k"],
    ["SET", "k", "v", "GET"],
    ["SETNX", "k", "x"],
    ["RENAME", "k", "q"],
    ["COPY", "q", "k"],
    ["DUMP", "none"],
    ["TOUCH", "k", "none"],
    ["SORT", "none"],
    ["LRANGE", "none", 0, 1],
    ["SUNION", "none", "no"],
    ["SINTER", "none", "no"],
    ["ZUNION", 1, "none"],
    ["PFCOUNT", "none"],
    ["XLEN", "none"],
    ["BITCOUNT", "none"],
    ["BITOP", "NOT", "d", "none"],
    ["MEMORY", "USAGE", "k"],
    ["EXPIRE", "none", 1],
    ["PERSIST", "none"],
    ["XREAD", "STREAMS", "none", 0],
    ["LPOP", "none"],
    ["SPOP", "none"],
    ["GEOSEARCH", "none", "FROMLONLAT", 0, 0, "BYRADIUS", 1, "m"],
    ["XINFO", "STREAM", "none"],
    ["WATCH", "none"],
    ["SMOVE", "none", "other", "x"],
    ["LMOVE", "none", "other", "LEFT", "LEFT"],
    ["LCS", "none", "k"],
  ],
};

describe.skipIf(redis.missing)(`INFO counts as redis-server${redis.reason}`, () => {
  let pair: StartedPair;

  beforeAll(async () => {
    pair = await startPair();
  });

  afterAll(() => pair.close());

  for (const [what, steps] of Object.entries(scenarios)) {
    test(what, async () => {
      const [ours, theirs] = await pair.onBoth(async (port, side) => {
        const clients = {
          one: await RespConnection.open(port, side),
          other: await RespConnection.open(port, side),
        };
        await clients.other.reply("FLUSHALL");
        await clients.other.reply("SCRIPT", "FLUSH");
        await clients.other.reply("CONFIG", "RESETSTAT");
        for (const step of steps) {
          if (typeof step === "function") await step(clients);
          else await clients.one.reply(...step);
        }
        const text = await statisticsText(clients.other);
        clients.one.close();
        clients.other.close();
        return text;
      });
      expect(statisticsDifference(ours, theirs)).toBeUndefined();
    });
  }
});
