import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import { findHash } from "../../collections/hash-key.ts";

export const hdel = command({
  name: "HDEL",
  group: "hash",
  since: "2.0.0",
  complexity: "O(N) for N fields to remove.",
  summary: "Removes fields of a hash, and the hash with its last field.",
  syntax: "key field...",
  flags: ["write", "fast"],
  keys: keyAt(1, "RW delete"),
  run(context, args, reply) {
    const hash = findHash(context.database, args);
    let removed = 0;
    for (let index = 2; hash !== undefined && index < args.count && hash.size > 0; index++) {
      if (hash.delete(args.buffer, args.start(index), args.end(index))) removed++;
    }
    if (removed > 0) {
      context.database.changed(args, 1, "hdel", removed);
      hash?.deleteIfEmpty(args, 1);
    }
    reply.integer(removed);
  },
});
