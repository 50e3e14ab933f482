import { command } from "../../dispatch/command.ts";
import * as record from "../../memory/record.ts";
import { globMatches } from "../../values/glob-pattern.ts";

const star = 42;

export const keys = command({
  name: "KEYS",
  group: "generic",
  since: "1.0.0",
  complexity: "O(N) with N being the number of keys in the database",
  summary: "Lists the keys whose names match a pattern.",
  syntax: "pattern",
  flags: ["readonly"],
  categories: ["dangerous"],
  tips: ["request_policy:all_shards", "nondeterministic_output_order"],
  run({ database, keyspace: { heap }, now }, args, reply) {
    const pattern = args.view(1);
    const all = pattern.length === 1 && pattern[0] === star;
    const begin = reply.beginArray();
    let found = 0;
    database.keys.forEach((address) => {
      // An expired key is skipped but not deleted: deletion would change the index during the walk.
      if (record.hasExpiry(heap, address) && record.expiryOf(heap, address) <= now) return;
      if (!database.isVisible(address)) return;
      const bytes = record.bytesOf(heap, address);
      const start = record.keyStartOf(heap, address);
      const end = start + record.keyLengthOf(heap, address);
      if (!all && !globMatches(pattern, bytes, start, end)) return;
      reply.bulk(bytes, start, end);
      found++;
    });
    reply.endArray(begin, found);
  },
});
