import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import type { Heap } from "../../memory/heap.ts";
import * as record from "../../memory/record.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { formatDouble, formatDouble17 } from "../../values/double-text.ts";
import { globMatches } from "../../values/glob-pattern.ts";
import type { SortedSet } from "../../values/sorted-set/sorted-set.ts";
import { readScanOptions, type ScanOptions } from "../generic/scan-options.ts";
import { readCursor } from "../../protocol/scan-cursor.ts";
import { scanStep } from "../generic/scan-step.ts";
import { readSortedSet, type SortedSetValue } from "../../collections/sorted-set-value.ts";

export const zscan = command({
  name: "ZSCAN",
  group: "sorted-set",
  since: "2.8.0",
  complexity: "O(1) for every call, O(N) for a whole iteration over N members.",
  brief: true,
  summary: "Goes through the members and scores of a sorted set, some at each call.",
  syntax: "key cursor [MATCH=pattern] [COUNT=count]",
  flags: ["readonly"],
  keys: firstKey,
  tips: ["nondeterministic_output"],
  run(context, args, reply) {
    const cursor = readCursor(args, 2);
    const set = readSortedSet(context.database, args);
    reply.array(2);
    if (set === undefined) {
      reply.bulkInteger(0);
      reply.array(0);
      return;
    }
    const options = readScanOptions(args, 3, "none");
    const { large } = set;
    if (large === undefined) replyPacked(set, options, reply);
    else replyLarge(context.keyspace.heap, large, cursor, options, reply);
  },
});

/** A packed set comes in one piece. */
function replyPacked(set: SortedSetValue, { pattern }: ScanOptions, reply: ReplyWriter): void {
  reply.bulkInteger(0);
  const begin = reply.beginArray();
  let count = 0;
  set.visit(0, set.size, false, (bytes, start, end, score) => {
    if (pattern !== undefined && !globMatches(pattern, bytes, start, end)) return;
    reply.bulk(bytes, start, end);
    reply.bulkText(formatDouble(score));
    count += 2;
  });
  reply.endArray(begin, count);
}

function replyLarge(heap: Heap, set: SortedSet, from: number, options: ScanOptions, reply: ReplyWriter): void {
  const { cursor, visited } = scanStep(set.table, from, options.count);
  reply.bulkInteger(cursor);
  const begin = reply.beginArray();
  let count = 0;
  for (const address of visited) {
    const bytes = record.bytesOf(heap, address);
    const start = record.keyStartOf(heap, address);
    const end = start + record.keyLengthOf(heap, address);
    const { pattern } = options;
    if (pattern !== undefined && !globMatches(pattern, bytes, start, end)) continue;
    reply.bulk(bytes, start, end);
    // Redis prints these scores another way than all others, in every version.
    reply.bulkText(formatDouble17(set.scoreOf(address)));
    count += 2;
  }
  reply.endArray(begin, count);
}
