import { type Comparer, encodeReply, type Reply } from "./reply.ts";
import { type Word, wordBytes } from "./resp-connection.ts";
import { sameScores } from "./same-scores.ts";

export type { Comparer } from "./reply.ts";

export const sameBytes: Comparer = (ours, theirs) => encodeReply(ours) === encodeReply(theirs);

/** The same elements, in any order. */
export const sameElements: Comparer = (ours, theirs) => sameBytes(sorted(ours, 1), sorted(theirs, 1));

/** The same pairs (of a map, or of an array of alternating keys and values), in any order. */
export const samePairs: Comparer = (ours, theirs) => sameBytes(sorted(ours, 2), sorted(theirs, 2));

/** A complete scan in one reply: both cursors 0, the same elements; `size` 2 for pairs. */
export const sameWholeScan =
  (size: 1 | 2): Comparer =>
  (ours, theirs) => {
    const sortScan = (reply: Reply): Reply => {
      const [cursor, elements] = reply.items ?? [];
      if (cursor === undefined || elements === undefined) return reply;
      return { ...reply, items: [cursor, sorted(elements, size)] };
    };
    return sameBytes(sortScan(ours), sortScan(theirs));
  };

/** Integers that differ by at most this much. Negative ones (missing key, no expiry) and errors must be the same. */
export const within =
  (tolerance: number): Comparer =>
  (ours, theirs) => {
    if (ours.sign !== ":" || theirs.sign !== ":") return sameBytes(ours, theirs);
    const [one, other] = [Number(ours.text), Number(theirs.text)];
    return one < 0 || other < 0 ? one === other : Math.abs(one - other) <= tolerance;
  };

/**
 * The same type (and length of an array) with any content: for random replies, and for facts about the server itself.
 */
export const sameShape: Comparer = (ours, theirs) =>
  ours.sign === theirs.sign &&
  ours.items?.length === theirs.items?.length &&
  (ours.text === null) === (theirs.text === null);

/**
 * The same encoding. MyRedis uses the names of Redis 7.2, which differ from those of the installed 7.0: in 7.0 small
 * lists are always quicklists instead of listpacks, and small sets of strings are hash tables instead of listpacks.
 */
export const sameEncoding: Comparer = (ours, theirs) =>
  sameBytes(ours, theirs) || (ours.text === "listpack" && (theirs.text === "quicklist" || theirs.text === "hashtable"));

/** Accepts any two replies. */
export const anything: Comparer = () => true;

function sorted(reply: Reply, size: 1 | 2): Reply {
  const { items } = reply;
  if (items === undefined || items === null) return reply;
  const groups: Reply[][] = [];
  for (let at = 0; at < items.length; at += size) groups.push(items.slice(at, at + size));
  const textOf = (group: Reply[]): string => group.map(encodeReply).join("");
  groups.sort((one, other) => (textOf(one) < textOf(other) ? -1 : 1));
  return { ...reply, items: groups.flat() };
}

// Each server reads its own clock, and on a busy machine there may be a delay between the two.
const toleranceMs = 10_000;

/** Comparers of commands whose replies are not equal byte for byte, by command name. */
const comparers: Readonly<Record<string, Comparer>> = {
  KEYS: sameElements,
  SCAN: sameWholeScan(1),
  SMEMBERS: sameElements,
  SINTER: sameElements,
  SUNION: sameElements,
  SDIFF: sameElements,
  SSCAN: sameWholeScan(1),
  HKEYS: sameElements,
  HVALS: sameElements,
  HGETALL: samePairs,
  HSCAN: sameWholeScan(2),
  ZSCAN: sameWholeScan(2),
  ZADD: sameScores,
  ZINCRBY: sameScores,
  ZSCORE: sameScores,
  ZMSCORE: sameScores,
  ZRANGE: sameScores,
  ZREVRANGE: sameScores,
  ZRANGEBYSCORE: sameScores,
  ZREVRANGEBYSCORE: sameScores,
  ZPOPMIN: sameScores,
  ZPOPMAX: sameScores,
  ZMPOP: sameScores,
  ZUNION: sameScores,
  ZINTER: sameScores,
  ZDIFF: sameScores,
  TTL: within(toleranceMs / 1000),
  PTTL: within(toleranceMs),
  EXPIRETIME: within(toleranceMs / 1000),
  PEXPIRETIME: within(toleranceMs),
  TIME: sameShape,
  OBJECT: sameEncoding,
};

/** The comparer of a command, unless a step names another. */
export function comparerOf(command: readonly Word[]): Comparer {
  return (
    comparers[
      Buffer.from(wordBytes(command[0] ?? ""))
        .toString("latin1")
        .toUpperCase()
    ] ?? sameBytes
  );
}
