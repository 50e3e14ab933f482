import { command, type CommandDefinition, type Run } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { ranksByName, readLexRange } from "./lex-range.ts";
import { type RankRange, ranksWithin, readRankLimits } from "./rank-range.ts";
import { ranksByScore, readScoreRange } from "./score-range.ts";
import { findSortedSet, type SortedSetValue } from "../../collections/sorted-set-value.ts";

export const zrem = command({
  name: "ZREM",
  group: "sorted-set",
  since: "1.2.0",
  complexity: "O(M*log(N)) for M members, in a set of N.",
  summary: "Removes members of a sorted set, and the set with its last member.",
  syntax: "key member...",
  flags: ["write", "fast"],
  keys: keyAt(1, "RW delete"),
  run(context, args, reply) {
    const set = findSortedSet(context.database, args);
    let removed = 0;
    for (let index = 2; set !== undefined && index < args.count && set.size > 0; index++) {
      if (!set.find(args.buffer, args.start(index), args.end(index))) continue;
      set.removeFound();
      removed++;
    }
    if (removed > 0) {
      context.database.changed(args, 1, "zrem", removed);
      set?.deleteIfEmpty(args, 1);
    }
    reply.integer(removed);
  },
});

/** Reads a range from arguments 2 and 3. The result is a function that finds the range's ranks in a set. */
type ReadRange = (args: Arguments) => (set: SortedSetValue) => RankRange;

const removeRange =
  (event: string, readRange: ReadRange): Run =>
  (context, args, reply) => {
    const ranksIn = readRange(args);
    const set = findSortedSet(context.database, args);
    const { from, to } = set === undefined ? { from: 0, to: 0 } : ranksIn(set);
    if (set !== undefined && to > from) {
      set.removeRanks(from, to);
      context.database.changed(args, 1, event, to - from);
      set.deleteIfEmpty(args, 1);
    }
    reply.integer(to - from);
  };

const shared = {
  group: "sorted-set",
  complexity: "O(log(N)+M) for M members removed, in a set of N.",
  flags: ["write"],
  keys: keyAt(1, "RW delete"),
} as const satisfies Partial<CommandDefinition>;

export const zremrangebyrank = command({
  ...shared,
  name: "ZREMRANGEBYRANK",
  since: "2.0.0",
  summary: "Removes the members of a sorted set within a range of ranks.",
  syntax: "key start:integer stop:integer",
  run: removeRange("zremrangebyrank", (args) => {
    const limits = readRankLimits(args, 2);
    return (set) => ranksWithin(limits, set.size, false);
  }),
});

export const zremrangebyscore = command({
  ...shared,
  name: "ZREMRANGEBYSCORE",
  since: "1.2.0",
  summary: "Removes the members of a sorted set within a range of scores.",
  syntax: "key min:double max:double",
  run: removeRange("zremrangebyscore", (args) => {
    const range = readScoreRange(args, 2, 3);
    return (set) => ranksByScore(set, range);
  }),
});

export const zremrangebylex = command({
  ...shared,
  name: "ZREMRANGEBYLEX",
  since: "2.8.9",
  summary: "Removes the members of a sorted set of equal scores within a range of names.",
  syntax: "key min max",
  run: removeRange("zremrangebylex", (args) => {
    const range = readLexRange(args, 2, 3);
    return (set) => ranksByName(set, range);
  }),
});
