import { command } from "../../dispatch/command.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Address } from "../../memory/heap.ts";
import * as record from "../../memory/record.ts";
import { typeName } from "../../keyspace/value-names.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { globMatches } from "../../values/glob-pattern.ts";
import { readScanOptions, type ScanOptions } from "./scan-options.ts";
import { readCursor } from "../../protocol/scan-cursor.ts";
import { scanStep } from "./scan-step.ts";

export const scan = command({
  name: "SCAN",
  group: "generic",
  since: "2.8.0",
  complexity: "O(1) for every call; O(N) for all calls of a whole iteration, with N being the number of keys",
  brief: true,
  summary: "Iterates over the keys of the database, some at each call.",
  syntax: "cursor [MATCH=pattern] [COUNT=count] [TYPE=type]",
  flags: ["readonly"],
  tips: ["nondeterministic_output", "request_policy:special"],
  run(context, args, reply) {
    const { database } = context;
    const from = readCursor(args, 1);
    const options = readScanOptions(args, 2, "type");
    const { cursor, visited } = scanStep(database.keys, from, options.count);
    reply.array(2);
    reply.bulkInteger(cursor);
    const begin = reply.beginArray();
    let found = 0;
    for (const address of visited) if (replyWanted(context, address, options, reply)) found++;
    reply.endArray(begin, found);
  },
});

/** Writes the key if it matches. An expired key is deleted instead. */
function replyWanted(context: Context, address: Address, options: ScanOptions, reply: ReplyWriter): boolean {
  if (!context.database.isVisible(address)) return false;
  const { heap, expires } = context.keyspace;
  const bytes = record.bytesOf(heap, address);
  const start = record.keyStartOf(heap, address);
  const end = start + record.keyLengthOf(heap, address);
  if (options.pattern !== undefined && !globMatches(options.pattern, bytes, start, end)) return false;
  if (options.type !== undefined && typeName(heap, address) !== options.type) return false;
  if (record.hasExpiry(heap, address) && record.expiryOf(heap, address) <= context.now) {
    if (expires) {
      context.database.expire(address);
      context.partLog();
    }
    return false;
  }
  reply.bulk(bytes, start, end);
  return true;
}
