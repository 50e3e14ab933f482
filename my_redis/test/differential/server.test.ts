import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { anything, type Comparer, sameBytes, sameElements, sameShape } from "./harness/compare.ts";
import { expectSame, type Step } from "./harness/index.ts";
import type { Reply } from "./harness/reply.ts";

const redis = requireService("redis");

/** HELP: only the first line is the same. The rest is in our own words. */
const sameFirstLine: Comparer = (ours, theirs) => ours.items?.[0]?.text === theirs.items?.[0]?.text;

/** The value of a key of a map, or of an array of alternating keys and values. */
function valueOf(reply: Reply | undefined, key: string): Reply | undefined {
  const items = reply?.items ?? [];
  const at = items.findIndex((item, index) => index % 2 === 0 && item.text === key);
  return at < 0 ? undefined : items[at + 1];
}

/**
 * COMMAND INFO of one command: compares name, arity, flags, keys and categories, but not tips and key specifications.
 */
const sameCommandInfo: Comparer = (ours, theirs) => {
  const entries = (reply: Reply): readonly Reply[] => reply.items ?? [];
  return entries(ours).every((entry, index) => {
    const other = entries(theirs)[index];
    return [0, 1, 2, 3, 4, 5, 6].every((field) => {
      const [one, two] = [entry.items?.[field], other?.items?.[field]];
      return one !== undefined && two !== undefined && sameElements(one, two);
    });
  });
};

/**
 * COMMAND DOCS of one command: compares all but the summary, which is in our own words, and the wording of the
 * complexity.
 */
const sameCommandDocs: Comparer = (ours, theirs) =>
  ours.items?.[0]?.text === theirs.items?.[0]?.text &&
  ["since", "group"].every((key) => valueOf(ours.items?.[1], key)?.text === valueOf(theirs.items?.[1], key)?.text);

/** COMMAND LIST: compares the names that begin alike on both servers. */
const sameServerSubcommands: Comparer = (ours, theirs) => {
  const [mine, other] = [ours, theirs].map(({ items }) =>
    (items ?? []).map(({ text }) => text ?? "").filter((name) => /^(config|slowlog|latency|memory|object)/.test(name)),
  );
  return JSON.stringify(mine?.toSorted()) === JSON.stringify(other?.toSorted());
};

/** INFO: compares the sections and their order. */
const sameSections: Comparer = (ours, theirs) => {
  const sections = (reply: Reply): string => (reply.text?.match(/^# .*$/gm) ?? []).join();
  return ours.sign === theirs.sign && sections(ours) === sections(theirs);
};

const helps = (containers: readonly string[]): Step[] =>
  containers.map((name) => ({ command: [name, "HELP"], compare: sameFirstLine }));

describe.skipIf(redis.missing)(`server commands answer as redis-server does${redis.reason}`, () => {
  test("CONFIG GET, SET and RESETSTAT", () =>
    expectSame([
      ["CONFIG", "GET", "maxmemory"],
      ["CONFIG", "GET", "HZ", "hz"],
      ["CONFIG", "GET", "no*such"],
      ["CONFIG", "GET"],
      ["CONFIG", "SET", "hz", "20", "timeout", "5"],
      ["CONFIG", "GET", "hz"],
      ["CONFIG", "SET", "hz", "30", "maxmemory-samples", "x"],
      ["CONFIG", "GET", "hz"],
      ["CONFIG", "SET", "hz", "30", "hz", "40"],
      ["CONFIG", "SET", "hz", "30", "nosuch", "x"],
      ["CONFIG", "SET", "databases", "3"],
      ["CONFIG", "SET", "dir", "/tmp"],
      ["CONFIG", "SET", "hz"],
      ["CONFIG", "SET", "maxmemory", "1kb"],
      ["CONFIG", "GET", "maxmemory"],
      ["CONFIG", "SET", "maxmemory", "0", "hz", "10", "timeout", "0"],
      ["CONFIG", "SET", "client-output-buffer-limit", "pubsub 32mb 8mb 60"],
      ["CONFIG", "GET", "client-output-buffer-limit"],
      ["CONFIG", "SET", "client-output-buffer-limit", "wrong 1 2 3"],
      ["CONFIG", "SET", "hash-max-ziplist-entries", "512"],
      ["CONFIG", "GET", "hash-max-listpack-entries"],
      ["CONFIG", "SET", "notify-keyspace-events", "q"],
      ["CONFIG", "RESETSTAT"],
      ["CONFIG", "REWRITE"],
      ["CONFIG", "NOSUCH"],
      ["CONFIG"],
    ]));

  test("COMMAND describes the commands of the table", () =>
    expectSame([
      { command: ["COMMAND"], compare: (ours, theirs) => ours.sign === theirs.sign },
      { command: ["COMMAND", "COUNT"], compare: sameShape },
      {
        command: ["COMMAND", "INFO", "get", "set", "mset", "object|encoding", "exec", "client|kill", "info"],
        compare: sameCommandInfo,
      },
      ["COMMAND", "INFO", "nosuch"],
      { command: ["COMMAND", "DOCS", "get"], compare: sameCommandDocs },
      { command: ["COMMAND", "DOCS", "config|get"], compare: sameCommandDocs },
      ["COMMAND", "DOCS", "nosuch"],
      { command: ["COMMAND", "LIST"], compare: sameServerSubcommands },
      { command: ["COMMAND", "LIST", "FILTERBY", "PATTERN", "config*"], compare: sameElements },
      { command: ["COMMAND", "LIST", "FILTERBY", "PATTERN", "config|*re*"], compare: sameElements },
      ["COMMAND", "INFO", "config|get|key", "get|key", "nosuch|get", "|"],
      ["COMMAND", "LIST", "FILTERBY", "MODULE", "x"],
      ["COMMAND", "LIST", "FILTERBY", "ACLCAT", "nosuch"],
      { command: ["COMMAND", "LIST", "FILTERBY", "ACLCAT", "transaction"], compare: sameElements },
      { command: ["COMMAND", "LIST", "FILTERBY", "PATTERN", "getr*"], compare: sameElements },
      ["COMMAND", "LIST", "FILTERBY", "foo", "bar"],
      ["COMMAND", "LIST", "FILTERBY"],
      ["COMMAND", "LIST", "x"],
      ["COMMAND", "NOSUCH"],
      ["COMMAND", "COUNT", "x"],
    ]));

  test("COMMAND GETKEYSANDFLAGS returns how each command uses each of its keys", () =>
    expectSame(
      [
        "SET k v",
        "SET k v GET",
        "SET k v EX 10 get",
        "BITFIELD k GET u8 0",
        "BITFIELD k GET u8 0 SET u8 0 1",
        "SORT k BY w_* GET #",
        "SORT k BY w_* STORE d",
        "SORT_RO k",
        "MSET a 1 b 2",
        "DEL a b",
        "RENAME a b",
        "COPY a b",
        "SINTERSTORE d a b",
        "ZUNIONSTORE d 2 a b",
        "BITOP AND d a b",
        "EVAL script 2 a b c",
        "EVAL_RO script 1 a",
        "XREAD COUNT 2 STREAMS a b 1 2",
        "XREADGROUP GROUP g c STREAMS a b > >",
        "GEORADIUS k 1 1 1 m STORE d",
        "GEORADIUSBYMEMBER k m 1 m STOREDIST d",
        "MIGRATE h 1 k 0 10",
        "MIGRATE h 1  0 10 KEYS a b",
        "PFMERGE d a b",
        "PFCOUNT a b",
        "LMPOP 2 a b LEFT",
        "BLMPOP 0 2 a b LEFT",
        "XGROUP CREATE k g 0",
        "OBJECT ENCODING k",
        "MEMORY USAGE k",
        "ZINTERCARD 2 a b",
        "SPUBLISH c m",
        "SSUBSCRIBE c",
      ].map((text): Step => ["COMMAND", "GETKEYSANDFLAGS", ...text.split(" ")]),
    ));

  test("COMMAND GETKEYS finds the keys of a command", () =>
    expectSame([
      ["COMMAND", "GETKEYS", "get", "a"],
      ["COMMAND", "GETKEYS", "mset", "a", "1", "b", "2"],
      ["COMMAND", "GETKEYS", "object", "encoding", "k"],
      ["COMMAND", "GETKEYS", "watch", "a", "b"],
      ["COMMAND", "GETKEYS", "xread", "COUNT", "1", "STREAMS", "a", "b", "0", "0"],
      ["COMMAND", "GETKEYS", "xreadgroup", "GROUP", "g", "c", "STREAMS", "a", "0"],
      ["COMMAND", "GETKEYS", "get"],
      ["COMMAND", "GETKEYS", "get", "a", "b"],
      ["COMMAND", "GETKEYS", "ping"],
      ["COMMAND", "GETKEYS", "spublish", "c", "m"],
      ["COMMAND", "GETKEYS", "eval", "script", "1", "k"],
      ["COMMAND", "GETKEYS", "config", "get", "x"],
      ["COMMAND", "GETKEYS", "nosuch", "a"],
      ["COMMAND", "GETKEYSANDFLAGS", "get", "a"],
      ["COMMAND", "GETKEYSANDFLAGS", "nosuch", "a"],
    ]));

  test("INFO has the same sections", () =>
    expectSame([
      { command: ["INFO"], compare: sameSections },
      { command: ["INFO", "all"], compare: sameSections },
      { command: ["INFO", "everything"], compare: sameSections },
      { command: ["INFO", "server", "Clients", "nosuch"], compare: sameSections },
      ["INFO", "nosuch"],
      ["INFO", "keyspace"],
      ["SET", "k", "1"],
      ["SET", "e", "1"],
      ["INFO", "keyspace"],
      ["INFO", "cluster"],
    ]));

  test("TIME, ROLE, WAIT and LOLWUT", () =>
    expectSame([
      { command: ["TIME"], compare: sameShape },
      ["TIME", "x"],
      ["ROLE"],
      ["WAIT", "0", "0"],
      ["WAIT", "x", "0"],
      ["WAIT", "0", "x"],
      ["WAIT", "0", "-1"],
      { command: ["LOLWUT"], compare: sameShape },
      ["LOLWUT", "VERSION", "x"],
    ]));

  test("SLOWLOG does not contain the passwords of MIGRATE", () =>
    expectSame([
      ["SLOWLOG", "RESET"],
      ["CONFIG", "SET", "slowlog-log-slower-than", "0"],
      ["MIGRATE", "127.0.0.1", "1", "none", "0", "10", "AUTH", "password"],
      ["MIGRATE", "127.0.0.1", "1", "", "0", "10", "COPY", "AUTH2", "user", "password", "KEYS", "none", "auth"],
      { command: ["SLOWLOG", "GET", "3"], compare: sameWords },
      ["CONFIG", "SET", "slowlog-log-slower-than", "10000"],
      ["SLOWLOG", "RESET"],
    ]));

  test("SLOWLOG records commands above the configured duration", () =>
    expectSame([
      ["SLOWLOG", "RESET"],
      ["CONFIG", "SET", "slowlog-log-slower-than", "0"],
      ["SET", "k", "1"],
      ["GET", "k"],
      ["MULTI"],
      ["GET", "k"],
      ["EXEC"],
      ["SLOWLOG", "LEN"],
      ["CONFIG", "SET", "slowlog-max-len", "2"],
      ["SLOWLOG", "LEN"],
      ["CONFIG", "SET", "slowlog-log-slower-than", "-1"],
      ["SLOWLOG", "RESET"],
      ["GET", "k"],
      ["SLOWLOG", "LEN"],
      ["CONFIG", "SET", "slowlog-log-slower-than", "0"],
      ["MGET", ...Array.from({ length: 40 }, (_, number) => `key-${number}`)],
      ["SET", "k", "x".repeat(200)],
      ["AUTH", "default", "secret"],
      { command: ["SLOWLOG", "GET", "3"], compare: sameWords },
      ["CONFIG", "SET", "slowlog-log-slower-than", "10000", "slowlog-max-len", "128"],
      ["SLOWLOG", "RESET"],
      ["SLOWLOG", "GET"],
      ["SLOWLOG", "GET", "-2"],
      ["SLOWLOG", "GET", "x"],
      ["SLOWLOG", "GET", "1", "2"],
      ["SLOWLOG", "NOSUCH"],
    ]));

  test("LATENCY records slow events", () =>
    expectSame([
      ["LATENCY", "RESET"],
      ["LATENCY", "LATEST"],
      ["LATENCY", "HISTORY", "command"],
      ["LATENCY", "GRAPH", "command"],
      ["CONFIG", "SET", "latency-monitor-threshold", "10"],
      ["DEBUG", "SLEEP", "0.03"],
      {
        command: ["LATENCY", "LATEST"],
        compare: (ours, theirs) => ours.items?.[0]?.items?.[0]?.text === theirs.items?.[0]?.items?.[0]?.text,
      },
      { command: ["LATENCY", "HISTORY", "command"], compare: sameShape },
      { command: ["LATENCY", "GRAPH", "command"], compare: sameShape },
      { command: ["LATENCY", "DOCTOR"], compare: sameShape },
      { command: ["LATENCY", "HISTOGRAM", "nosuch"], compare: sameBytes },
      ["LATENCY", "RESET", "command", "nosuch"],
      ["CONFIG", "SET", "latency-monitor-threshold", "0"],
      { command: ["LATENCY", "DOCTOR"], compare: sameShape },
      ["LATENCY", "NOSUCH"],
    ]));

  test("MEMORY reports the use of memory", () =>
    expectSame([
      ["MEMORY", "USAGE", "none"],
      ["SET", "k", "value"],
      { command: ["MEMORY", "USAGE", "k"], compare: sameShape },
      { command: ["MEMORY", "USAGE", "k", "SAMPLES", "0"], compare: sameShape },
      ["MEMORY", "USAGE", "k", "SAMPLES", "-1"],
      ["MEMORY", "USAGE", "k", "SAMPLES"],
      ["MEMORY", "USAGE", "k", "foo", "1"],
      { command: ["MEMORY", "STATS"], compare: (ours, theirs) => ours.sign === theirs.sign },
      { command: ["MEMORY", "DOCTOR"], compare: sameShape },
      { command: ["MEMORY", "MALLOC-STATS"], compare: sameShape },
      ["MEMORY", "PURGE"],
      ["MEMORY", "NOSUCH"],
    ]));

  test("ACL, MODULE and FUNCTION, as far as they are implemented", () =>
    expectSame([
      ["ACL", "WHOAMI"],
      { command: ["ACL", "CAT"], compare: sameElements },
      { command: ["ACL", "CAT", "transaction"], compare: sameElements },
      ["ACL", "CAT", "nosuch"],
      ["ACL", "CAT", "a", "b"],
      ["MODULE", "LIST"],
      ["MODULE", "LIST", "x"],
      ["FUNCTION", "FLUSH"],
      ["FUNCTION", "FLUSH", "ASYNC"],
      ["FUNCTION", "FLUSH", "foo"],
      ["FUNCTION", "FLUSH", "SYNC", "x"],
      ["FUNCTION", "LIST"],
      ["FUNCTION", "LIST", "WITHCODE"],
      ["FUNCTION", "LIST", "LIBRARYNAME"],
      ["FUNCTION", "LIST", "LIBRARYNAME", "x", "WITHCODE"],
      ["FUNCTION", "LIST", "foo"],
      ["FUNCTION", "LIST", "WITHCODE", "WITHCODE"],
    ]));

  test("DEBUG has the subcommands that tests need", () =>
    expectSame([
      ["DEBUG"],
      ["DEBUG", "NOSUCH"],
      ["DEBUG", "SLEEP"],
      ["DEBUG", "SLEEP", "0"],
      ["DEBUG", "SLEEP", "x"],
      ["DEBUG", "OBJECT", "none"],
      ["SET", "k", "v"],
      { command: ["DEBUG", "OBJECT", "k"], compare: sameShape },
      ["DEBUG", "SET-ACTIVE-EXPIRE", "0"],
      ["SET", "gone", "1", "PX", "1"],
      { waitMs: 300 },
      ["DBSIZE"],
      ["DEBUG", "SET-ACTIVE-EXPIRE", "1"],
      { waitMs: 300 },
      ["DBSIZE"],
      ["DEBUG", "POPULATE", "3", "pre", "3"],
      ["DEBUG", "POPULATE", "2"],
      ["GET", "pre:2"],
      ["GET", "key:1"],
      ["DEBUG", "POPULATE", "x"],
      ["DEBUG", "POPULATE", "-1"],
      ["DEBUG", "ERROR", "FOO bar"],
      ["DEBUG", "LOG", "a test was here"],
      ["DEBUG", "CHANGE-REPL-ID"],
      ["DEBUG", "QUICKLIST-PACKED-THRESHOLD", "0"],
      ["DEBUG", "PAUSE-CRON", "0"],
      ["DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", "0"],
      ...[
        "string",
        "integer",
        "double",
        "bignum",
        "null",
        "array",
        "set",
        "map",
        "push",
        "verbatim",
        "true",
        "false",
      ].map((type): Step => ["DEBUG", "PROTOCOL", type]),
      ["DEBUG", "PROTOCOL", "nosuch"],
    ]));

  test("DEBUG PROTOCOL attrib is the same in RESP2", () =>
    expectSame([["DEBUG", "PROTOCOL", "attrib"]], { protocols: [2] }));

  test("SHUTDOWN refuses invalid arguments", () =>
    expectSame([
      ["SHUTDOWN", "foo"],
      ["SHUTDOWN", "ABORT"],
      ["SHUTDOWN", "ABORT", "NOW"],
      ["SHUTDOWN", "NOSAVE", "SAVE"],
      ["MULTI"],
      ["SHUTDOWN"],
      ["EXEC"],
    ]));

  test("HELP of every container begins alike", () =>
    expectSame([
      ...helps(["ACL", "CLIENT", "COMMAND", "CONFIG", "DEBUG", "FUNCTION", "LATENCY", "MEMORY", "MODULE", "SLOWLOG"]),
      ["CONFIG", "HELP", "x"],
      { command: ["CLIENT", "HELP"], compare: anything },
    ]));
});

/** SLOWLOG GET: compares the commands and their order, but not ids, times and clients. */
function sameWords(ours: Reply, theirs: Reply): boolean {
  const words = (reply: Reply): string => JSON.stringify(reply.items?.map((entry) => entry.items?.[3]));
  return words(ours) === words(theirs);
}
