import { command } from "../../dispatch/command.ts";
import { ranksByName, readLexRange } from "./lex-range.ts";
import { ranksByScore, readScoreRange } from "./score-range.ts";
import { readSortedSet } from "../../collections/sorted-set-value.ts";

const keys = { first: 1, last: 1, step: 1 } as const;

export const zcount = command({
  name: "ZCOUNT",
  group: "sorted-set",
  since: "2.0.0",
  complexity: "O(log(N)) in a set of N.",
  summary: "Counts the members of a sorted set within a range of scores.",
  flags: ["readonly", "fast"],
  arity: 4,
  keys,
  run(context, args, reply) {
    const range = readScoreRange(args, 2, 3);
    const set = readSortedSet(context.database, args);
    if (set === undefined) {
      reply.integer(0);
      return;
    }
    const { from, to } = ranksByScore(set, range);
    reply.integer(to - from);
  },
});

export const zlexcount = command({
  name: "ZLEXCOUNT",
  group: "sorted-set",
  since: "2.8.9",
  complexity: "O(log(N)) in a set of N.",
  summary: "Counts the members of a sorted set of equal scores within a range of names.",
  flags: ["readonly", "fast"],
  arity: 4,
  keys,
  run(context, args, reply) {
    const range = readLexRange(args, 2, 3);
    const set = readSortedSet(context.database, args);
    if (set === undefined) {
      reply.integer(0);
      return;
    }
    const { from, to } = ranksByName(set, range);
    reply.integer(to - from);
  },
});
