import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import type { RecordTable } from "../../memory/record-table.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { globMatches } from "../../values/glob-pattern.ts";
import { readScanOptions, type ScanOptions } from "../generic/scan-options.ts";
import { readCursor } from "../../protocol/scan-cursor.ts";
import { scanStep } from "../generic/scan-step.ts";
import { readHash } from "../../collections/hash-key.ts";
import type { HashValue } from "../../collections/hash-value.ts";
import type { ByteRange } from "../../memory/byte-range.ts";

export const hscan = command({
  name: "HSCAN",
  group: "hash",
  since: "2.8.0",
  complexity: "O(1) for every call, O(N) for a whole iteration over N fields.",
  brief: true,
  summary: "Goes through the fields and values of a hash, some at each call.",
  syntax: "key cursor [MATCH=pattern] [COUNT=count] [NOVALUES]",
  flags: ["readonly"],
  keys: firstKey,
  tips: ["nondeterministic_output"],
  run(context, args, reply) {
    const cursor = readCursor(args, 2);
    const hash = readHash(context.database, args);
    reply.array(2);
    if (hash === undefined) {
      reply.bulkInteger(0);
      reply.array(0);
      return;
    }
    const options = readScanOptions(args, 3, "novalues");
    if (hash.table === undefined) replyPacked(hash, options, reply);
    else replyTable(hash, hash.table, cursor, options, reply);
  },
});

/** A packed hash comes in one piece. */
function replyPacked(hash: HashValue, options: ScanOptions, reply: ReplyWriter): void {
  reply.bulkInteger(0);
  const begin = reply.beginArray();
  let count = 0;
  hash.forEach((field, value) => {
    count += replyField(field, value, options, reply);
  });
  reply.endArray(begin, count);
}

function replyTable(hash: HashValue, table: RecordTable, from: number, options: ScanOptions, reply: ReplyWriter): void {
  const { cursor, visited } = scanStep(table, from, options.count);
  reply.bulkInteger(cursor);
  const begin = reply.beginArray();
  let count = 0;
  for (const address of visited) {
    if (!hash.isDue(address)) count += replyField(hash.fieldOf(address), hash.valueOf(address), options, reply);
  }
  reply.endArray(begin, count);
}

/** Gives the number of elements written. */
function replyField(field: ByteRange, value: ByteRange, options: ScanOptions, reply: ReplyWriter): number {
  const { pattern, noValues } = options;
  if (pattern !== undefined && !globMatches(pattern, field.bytes, field.start, field.end)) return 0;
  reply.bulk(field.bytes, field.start, field.end);
  if (noValues) return 1;
  reply.bulk(value.bytes, value.start, value.end);
  return 2;
}
