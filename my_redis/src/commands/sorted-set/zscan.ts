import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import * as record from "../../memory/record.ts";
import { formatDouble, formatDouble17 } from "../../values/double-text.ts";
import { globMatches } from "../../values/glob-pattern.ts";
import type { SortedSet } from "../../values/sorted-set/sorted-set.ts";
import { type CollectionScan, replyScan } from "../generic/collection-scan.ts";
import { readSortedSet, type SortedSetValue } from "../../collections/sorted-set-value.ts";

const memberScan: CollectionScan<SortedSetValue> = {
  option: "none",
  tableOf: ({ large }) => large?.table,
  replyAll(set, { pattern }, reply) {
    let count = 0;
    set.visit(0, set.size, false, (bytes, start, end, score) => {
      if (pattern !== undefined && !globMatches(pattern, bytes, start, end)) return;
      reply.bulk(bytes, start, end);
      reply.bulkText(formatDouble(score));
      count += 2;
    });
    return count;
  },
  replyEntry({ heap, large }, address, { pattern }, reply) {
    const bytes = record.bytesOf(heap, address);
    const start = record.keyStartOf(heap, address);
    const end = start + record.keyLengthOf(heap, address);
    if (pattern !== undefined && !globMatches(pattern, bytes, start, end)) return 0;
    reply.bulk(bytes, start, end);
    // Every version of Redis prints the scores of a large set in ZSCAN, and only there, with 17 digits.
    reply.bulkText(formatDouble17((large as SortedSet).scoreOf(address)));
    return 2;
  },
};

export const zscan = command({
  name: "ZSCAN",
  group: "sorted-set",
  since: "2.8.0",
  complexity: "O(1) for every call, O(N) for a whole iteration over N members.",
  brief: true,
  summary: "Iterates over the members and scores of a sorted set, some at each call.",
  syntax: "key cursor [MATCH=pattern] [COUNT=count]",
  flags: ["readonly"],
  keys: firstKey,
  tips: ["nondeterministic_output"],
  run: (context, args, reply) => replyScan(args, reply, () => readSortedSet(context.database, args), memberScan),
});
