import { command } from "../../command/command.ts";
import type { Address } from "../../keyspace/heap.ts";
import { globMatches } from "../../values/glob-pattern.ts";
import { readCursor, readScanOptions } from "../generic/scan-options.ts";
import { type MemberText, readSet } from "./set-value.ts";

/** Buckets looked at per element asked for, so that a call ends soon in a table that is nearly empty. */
const bucketsPerElement = 10;

export const sscan = command({
  name: "SSCAN",
  group: "set",
  since: "2.8.0",
  complexity: "O(1) for every call, O(N) for a whole iteration over N members.",
  summary: "Goes through the members of a set, some at each call.",
  flags: ["readonly"],
  arity: -3,
  keys: { first: 1, last: 1, step: 1 },
  run(context, args, reply) {
    let cursor = readCursor(args, 2);
    const set = readSet(context, args);
    reply.array(2);
    if (set === undefined) {
      reply.bulkInteger(0);
      reply.array(0);
      return;
    }
    const options = readScanOptions(args, 3, "none");
    const visited: Address[] = [];
    const { table } = set;
    if (table === undefined) {
      // A small set comes in one piece.
      cursor = 0;
    } else {
      let buckets = options.count * bucketsPerElement;
      do cursor = table.scan(cursor, (entry) => visited.push(entry));
      while (cursor !== 0 && buckets-- > 0 && visited.length < options.count);
    }
    reply.bulkInteger(cursor);
    const begin = reply.beginArray();
    let count = 0;
    const write = ({ bytes, start, end }: MemberText): void => {
      if (options.pattern !== undefined && !globMatches(options.pattern, bytes, start, end)) return;
      reply.bulk(bytes, start, end);
      count++;
    };
    if (table === undefined) set.forEach(write);
    else for (const entry of visited) write(set.textOf(entry));
    reply.endArray(begin, count);
  },
});
