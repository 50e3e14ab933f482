import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { globMatches } from "../../values/glob-pattern.ts";
import { type CollectionScan, replyScan } from "../generic/collection-scan.ts";
import type { ScanOptions } from "../generic/scan-options.ts";
import { readHash } from "../../collections/hash-key.ts";
import type { HashValue } from "../../collections/hash-value.ts";
import type { ByteRange } from "../../memory/byte-range.ts";

const fieldScan: CollectionScan<HashValue> = {
  option: "novalues",
  tableOf: ({ table }) => table,
  replyAll(hash, options, reply) {
    let count = 0;
    hash.forEach((field, value) => {
      count += replyField(field, value, options, reply);
    });
    return count;
  },
  replyEntry: (hash, address, options, reply) =>
    hash.isDue(address) ? 0 : replyField(hash.fieldOf(address), hash.valueOf(address), options, reply),
};

export const hscan = command({
  name: "HSCAN",
  group: "hash",
  since: "2.8.0",
  complexity: "O(1) for every call, O(N) for a whole iteration over N fields.",
  brief: true,
  summary: "Iterates over the fields and values of a hash, some at each call.",
  syntax: "key cursor [MATCH=pattern] [COUNT=count] [NOVALUES]",
  flags: ["readonly"],
  keys: firstKey,
  tips: ["nondeterministic_output"],
  run: (context, args, reply) => replyScan(args, reply, () => readHash(context.database, args), fieldScan),
});

/** Writes a field and its value if the field matches. Returns how many values it wrote. */
function replyField(field: ByteRange, value: ByteRange, options: ScanOptions, reply: ReplyWriter): number {
  const { pattern, noValues } = options;
  if (pattern !== undefined && !globMatches(pattern, field.bytes, field.start, field.end)) return 0;
  reply.bulk(field.bytes, field.start, field.end);
  if (noValues) return 1;
  reply.bulk(value.bytes, value.start, value.end);
  return 2;
}
