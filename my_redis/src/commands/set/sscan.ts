import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import { globMatches } from "../../values/glob-pattern.ts";
import { type CollectionScan, replyScan } from "../generic/collection-scan.ts";
import type { ScanOptions } from "../generic/scan-options.ts";
import type { ByteRange } from "../../memory/byte-range.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { readSet, type SetValue } from "../../collections/set-value.ts";

const memberScan: CollectionScan<SetValue> = {
  option: "none",
  tableOf: ({ table }) => table,
  replyAll(set, options, reply) {
    let count = 0;
    set.forEach((member) => {
      count += replyMember(member, options, reply);
    });
    return count;
  },
  replyEntry: (set, address, options, reply) => replyMember(set.textOf(address), options, reply),
};

function replyMember({ bytes, start, end }: ByteRange, { pattern }: ScanOptions, reply: ReplyWriter): number {
  if (pattern !== undefined && !globMatches(pattern, bytes, start, end)) return 0;
  reply.bulk(bytes, start, end);
  return 1;
}

export const sscan = command({
  name: "SSCAN",
  group: "set",
  since: "2.8.0",
  complexity: "O(1) for every call, O(N) for a whole iteration over N members.",
  brief: true,
  summary: "Iterates over the members of a set, some at each call.",
  syntax: "key cursor [MATCH=pattern] [COUNT=count]",
  flags: ["readonly"],
  keys: firstKey,
  tips: ["nondeterministic_output"],
  run: (context, args, reply) => replyScan(args, reply, () => readSet(context.database, args), memberScan),
});
