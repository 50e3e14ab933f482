import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import { globMatches } from "../../values/glob-pattern.ts";
import { readScanOptions } from "../generic/scan-options.ts";
import { readCursor } from "../../protocol/scan-cursor.ts";
import { scanStep } from "../generic/scan-step.ts";
import { readSet } from "../../collections/set-value.ts";
import type { ByteRange } from "../../memory/byte-range.ts";

export const sscan = command({
  name: "SSCAN",
  group: "set",
  since: "2.8.0",
  complexity: "O(1) for every call, O(N) for a whole iteration over N members.",
  brief: true,
  summary: "Goes through the members of a set, some at each call.",
  syntax: "key cursor [MATCH=pattern] [COUNT=count]",
  flags: ["readonly"],
  keys: firstKey,
  tips: ["nondeterministic_output"],
  run(context, args, reply) {
    const from = readCursor(args, 2);
    const set = readSet(context.database, args);
    reply.array(2);
    if (set === undefined) {
      reply.bulkInteger(0);
      reply.array(0);
      return;
    }
    const options = readScanOptions(args, 3, "none");
    const { table } = set;
    // A small set comes in one piece.
    const step = table === undefined ? undefined : scanStep(table, from, options.count);
    reply.bulkInteger(step?.cursor ?? 0);
    const begin = reply.beginArray();
    let count = 0;
    const write = ({ bytes, start, end }: ByteRange): void => {
      if (options.pattern !== undefined && !globMatches(options.pattern, bytes, start, end)) return;
      reply.bulk(bytes, start, end);
      count++;
    };
    if (step === undefined) set.forEach(write);
    else for (const entry of step.visited) write(set.textOf(entry));
    reply.endArray(begin, count);
  },
});
