import type { Command } from "../command.ts";

/** Where keys begin: at an argument, or after a word that is looked for from one on (from the end when negative). */
export type BeginSearch =
  | { readonly type: "index"; readonly index: number }
  | { readonly type: "keyword"; readonly keyword: string; readonly startFrom: number }
  | { readonly type: "unknown" };

/** Which keys follow: up to one counted from the first or the end, or as many as an argument says. */
export type FindKeys =
  | { readonly type: "range"; readonly last: number; readonly step: number; readonly limit: number }
  | { readonly type: "keynum"; readonly index: number; readonly first: number; readonly step: number }
  | { readonly type: "unknown" };

/** What COMMAND INFO says of some of a command's keys: where they stand, and what is done with them. */
export interface KeySpecification {
  /** In Redis's words: RO, RW, OW (overwrites) or RM, and access, update, insert, delete and so on. */
  readonly flags: readonly string[];
  readonly begin: BeginSearch;
  readonly find: FindKeys;
}

/**
 * Commands whose keys are not simply read ("RO access") or changed ("RW access update") where `keys` says. One line
 * for each way: flags, and for keys in several places where each begins and which follow.
 *
 *   @1      begins at argument 1             0/1/0   the key itself; last key, step, part of the arguments (1/limit)
 *   STORE5  after STORE, from argument 5 on  #0,1,1  as many as the argument there says, first and step after it
 *   ?       depends on the data
 */
const table: readonly (readonly [specification: string, commands: string])[] = [
  ["OW insert", "setnx msetnx"],
  ["OW update", "mset setex psetex restore restore-asking"],
  ["RM delete", "del unlink"],
  [
    "RO",
    "exists type touch watch strlen llen hlen hexists hstrlen scard sismember zcard xlen memory|usage " +
      "object|encoding object|freq object|idletime object|refcount",
  ],
  ["RW access", "pfcount pfdebug"],
  ["RW access delete", "getdel lpop rpop blpop brpop spop zpopmin zpopmax bzpopmin bzpopmax"],
  ["RW access update variable_flags", "set bitfield"],
  [
    "RW delete",
    "lrem ltrim srem hdel zrem zremrangebyrank zremrangebyscore zremrangebylex xdel xtrim xautoclaim " +
      "xgroup|delconsumer xgroup|destroy",
  ],
  ["RW insert", "append lpush lpushx rpush rpushx linsert hsetnx sadd pfadd xgroup|create xgroup|createconsumer"],
  [
    "RW update",
    "expire expireat pexpire pexpireat persist setrange lset hset hmset zadd geoadd xadd xack xclaim xsetid xgroup|setid",
  ],
  ["not_key", "spublish ssubscribe sunsubscribe"],
  ["OW update @1 0/1/0, RO access @2 -1/1/0", "sdiffstore sunionstore"],
  ["OW update @1 0/1/0, RO access @2 0/1/0", "geosearchstore zrangestore"],
  ["OW update @1 0/1/0, RO access @2 #0,1,1", "zdiffstore zinterstore zunionstore"],
  ["OW update @2 0/1/0, RO access @3 -1/1/0", "bitop"],
  ["RO access STREAMS1 -1/1/2", "xread"],
  ["RO access STREAMS4 -1/1/2", "xreadgroup"],
  ["RO access @1 0/1/0, OW update STORE5 0/1/0, OW update STOREDIST5 0/1/0", "georadiusbymember"],
  ["RO access @1 0/1/0, OW update STORE6 0/1/0, OW update STOREDIST6 0/1/0", "georadius"],
  ["RO access @1 0/1/0, OW update @2 0/1/0", "copy"],
  ["RO access @1 0/1/0, RO access ? ?", "sort_ro"],
  ["RO access @1 0/1/0, RO access ? ?, OW update ? ?", "sort"],
  ["RO access @1 #0,1,1", "zunion zinter zdiff zintercard sintercard"],
  ["RO access @2 #0,1,1", "eval_ro evalsha_ro fcall_ro"],
  ["RW access delete @1 0/1/0, OW insert @2 0/1/0", "renamenx"],
  ["RW access delete @1 0/1/0, OW update @2 0/1/0", "rename"],
  ["RW access delete @1 0/1/0, RW insert @2 0/1/0", "lmove blmove rpoplpush brpoplpush smove"],
  ["RW access delete @1 #0,1,1", "lmpop zmpop"],
  ["RW access delete @2 #0,1,1", "blmpop bzmpop"],
  ["RW access delete @3 0/1/0, RW access delete incomplete KEYS-2 -1/1/0", "migrate"],
  ["RW access insert @1 0/1/0, RO access @2 -1/1/0", "pfmerge"],
  ["RW access update @2 #0,1,1", "eval evalsha fcall"],
  ["RW update @1 0/1/0, RO access @2 -1/1/0", "sinterstore"],
];

const textByName = new Map(table.flatMap(([text, names]) => names.split(" ").map((name) => [name, text] as const)));
const known = new Map<string, readonly KeySpecification[]>();

/** What COMMAND INFO says of a command's keys; empty for one that has none. */
export function keySpecificationsOf(command: Command): readonly KeySpecification[] {
  const { fullName } = command;
  let found = known.get(fullName);
  if (found === undefined) known.set(fullName, (found = readSpecifications(command, textByName.get(fullName))));
  return found;
}

function readSpecifications(command: Command, text: string | undefined): readonly KeySpecification[] {
  const flags = text ?? (command.isWrite ? "RW access update" : "RO access");
  if (/[@?\d]/.test(flags)) return flags.split(", ").map(readSpecification);
  const { keys } = command;
  if (keys === undefined) return [];
  // The last key is told from the first one, or from the end of the arguments.
  const last = keys.last < 0 ? keys.last : keys.last - keys.first;
  const find: FindKeys = { type: "range", last, step: keys.step, limit: 0 };
  return [{ flags: flags.split(" "), begin: { type: "index", index: keys.first }, find }];
}

function readSpecification(text: string): KeySpecification {
  const words = text.split(" ");
  const [begin = "?", find = "?"] = words.splice(-2);
  return { flags: words, begin: readBegin(begin), find: readFind(find) };
}

function readBegin(word: string): BeginSearch {
  if (word === "?") return { type: "unknown" };
  const [, keyword = "", number] = /^(@|[A-Z]+)(-?\d+)$/.exec(word) ?? [];
  if (keyword === "@") return { type: "index", index: Number(number) };
  return { type: "keyword", keyword, startFrom: Number(number) };
}

function readFind(word: string): FindKeys {
  if (word === "?") return { type: "unknown" };
  const [first = 0, second = 0, third = 0] = word.replace("#", "").split(/[/,]/).map(Number);
  if (word.startsWith("#")) return { type: "keynum", index: first, first: second, step: third };
  return { type: "range", last: first, step: second, limit: third };
}
