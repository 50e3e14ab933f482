import fc from "fast-check";
import {
  commandOf,
  floatWord,
  integerWord,
  junkWord,
  keyWord,
  lifetimeMs,
  lifetimeSeconds,
  momentSeconds,
  optionsOf,
  optionWith,
  valueWord,
} from "./harness/arbitrary-words.ts";
import type { Step, Word } from "./harness/index.ts";

const momentMs = momentSeconds.map((seconds) => seconds * 1000 + 7);
const times = [
  optionWith("EX", lifetimeSeconds),
  optionWith("PX", lifetimeMs),
  optionWith("EXAT", momentSeconds),
  optionWith("PXAT", momentMs),
];
const keys = fc.array(keyWord, { minLength: 1, maxLength: 4 });
const pairs = fc.array(fc.tuple(keyWord, valueWord), { minLength: 1, maxLength: 3 }).map((list) => list.flat());
const smallOffset = fc.integer({ min: -5, max: 70 });

/** Commands on strings, valid and invalid ones. */
export const stringSteps: readonly fc.Arbitrary<Step>[] = [
  commandOf("SET", keyWord, valueWord),
  commandOf("SET", keyWord, valueWord, optionsOf(3, "NX", "XX", "GET", "KEEPTTL", ...times)),
  commandOf("GET", keyWord),
  commandOf("MGET", keys),
  commandOf("MSET", pairs),
  commandOf("MSETNX", pairs),
  commandOf("GETSET", keyWord, valueWord),
  commandOf("GETDEL", keyWord),
  commandOf("GETEX", keyWord, optionsOf(2, "PERSIST", ...times)),
  commandOf("SETNX", keyWord, valueWord),
  commandOf("SETEX", keyWord, lifetimeSeconds, valueWord),
  commandOf("PSETEX", keyWord, lifetimeMs, valueWord),
  commandOf("APPEND", keyWord, valueWord),
  commandOf("STRLEN", keyWord),
  commandOf("GETRANGE", keyWord, integerWord, integerWord),
  commandOf("SUBSTR", keyWord, smallOffset, smallOffset),
  commandOf("SETRANGE", keyWord, smallOffset, valueWord),
  commandOf(fc.constantFrom<Word>("INCR", "DECR"), keyWord),
  commandOf(fc.constantFrom<Word>("INCRBY", "DECRBY"), keyWord, fc.oneof(integerWord, junkWord)),
  commandOf("INCRBYFLOAT", keyWord, fc.oneof(floatWord, integerWord, junkWord)),
  commandOf(
    "LCS",
    keyWord,
    keyWord,
    optionsOf(2, "LEN", "IDX", "WITHMATCHLEN", optionWith("MINMATCHLEN", integerWord)),
  ),
];

const conditions = optionsOf(2, "NX", "XX", "GT", "LT");
const database = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom<Word>("0", "1") },
  { weight: 1, arbitrary: junkWord },
);

/** Commands on keys of any type. */
export const genericSteps: readonly fc.Arbitrary<Step>[] = [
  commandOf(fc.constantFrom<Word>("DEL", "UNLINK", "EXISTS", "TOUCH"), keys),
  commandOf("TYPE", keyWord),
  // REFCOUNT is left out: for a copied small integer Redis returns 1, whereas MyRedis returns the same as for any
  // other.
  commandOf("OBJECT", "ENCODING", keyWord),
  commandOf(fc.constantFrom<Word>("RENAME", "RENAMENX"), keyWord, keyWord),
  commandOf("COPY", keyWord, keyWord, optionsOf(2, "REPLACE", optionWith("DB", database))),
  commandOf("MOVE", keyWord, database),
  commandOf("EXPIRE", keyWord, fc.oneof(lifetimeSeconds, junkWord), conditions),
  commandOf("PEXPIRE", keyWord, fc.oneof(lifetimeMs, junkWord), conditions),
  commandOf("EXPIREAT", keyWord, momentSeconds, conditions),
  commandOf("PEXPIREAT", keyWord, momentMs, conditions),
  commandOf(fc.constantFrom<Word>("TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME", "PERSIST"), keyWord),
  commandOf("KEYS", fc.constantFrom<Word>("*", "?", "[a-b]", "[^a]", "a*")),
  commandOf("DBSIZE"),
];

const field = fc.constantFrom<Word>("f", "g", "h");
const streamId = fc.integer({ min: 1, max: 30 }).map((sequence) => `1-${sequence}`);

/** Creates and changes values of other types, small and large, so that commands on keys meet all of them. */
export const otherTypeSteps: readonly fc.Arbitrary<Step>[] = [
  commandOf("HSET", keyWord, field, valueWord, field, valueWord),
  commandOf("HDEL", keyWord, field),
  commandOf("HGETALL", keyWord),
  keyWord.map((key) => ["HSET", key, ...Array.from({ length: 200 }, (_, at) => [`field${at}`, at]).flat()]),
  commandOf("XADD", keyWord, streamId, field, valueWord),
  commandOf("XGROUP", "CREATE", keyWord, "group", "0", "MKSTREAM"),
  commandOf("XREADGROUP", "GROUP", "group", "consumer", "COUNT", 2, "STREAMS", keyWord, ">"),
  commandOf("XPENDING", keyWord, "group"),
  commandOf("XDEL", keyWord, streamId),
];

/** Commands on whole databases. They are rare, because they delete what a sequence has built. */
export const databaseSteps: readonly fc.Arbitrary<Step>[] = [
  commandOf("SELECT", fc.constantFrom<Word>("0", "1")),
  commandOf("SWAPDB", database, database),
  commandOf(fc.constantFrom<Word>("FLUSHDB", "FLUSHALL"), optionsOf(1, "ASYNC", "SYNC", "x")),
];
