import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import { ranksByName, readLexRange } from "./lex-range.ts";
import { ranksByScore, readScoreRange } from "./score-range.ts";
import { readSortedSet } from "../../collections/sorted-set-value.ts";

export const zcount = command({
  name: "ZCOUNT",
  group: "sorted-set",
  since: "2.0.0",
  complexity: "O(log(N)) in a set of N.",
  summary: "Counts the members of a sorted set within a range of scores.",
  syntax: "key min:double max:double",
  flags: ["readonly", "fast"],
  keys: firstKey,
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
  syntax: "key min max",
  flags: ["readonly", "fast"],
  keys: firstKey,
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
