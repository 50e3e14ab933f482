import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import { ranksIn, readRange } from "./range-options.ts";
import { SortedSetBuilder } from "./sorted-set-builder.ts";
import { readSortedSet } from "../../collections/sorted-set-value.ts";

export const zrangestore = command({
  name: "ZRANGESTORE",
  group: "sorted-set",
  since: "6.2.0",
  complexity: "O(log(N)+M) for M members stored, in a set of N.",
  summary: "Stores the members of a sorted set within a range of ranks, scores or names at another key.",
  syntax: "dst:key src:key min max [BYSCORE | BYLEX] [REV] [LIMIT={offset count}]",
  flags: ["write", "denyoom"],
  keepsElements: true,
  keys: [keyAt(1, "OW update"), keyAt(2, "RO access")],
  run(context, args, reply) {
    const range = readRange(args, 3, { stores: true });
    const set = readSortedSet(context.database, args, 2);
    const built = new SortedSetBuilder(context);
    if (set !== undefined) {
      const { from, to } = ranksIn(range, set);
      set.visit(from, to, false, (bytes, start, end, score) => built.add(bytes, start, end, score));
    }
    reply.integer(built.store(args, 1, "zrangestore"));
  },
});
