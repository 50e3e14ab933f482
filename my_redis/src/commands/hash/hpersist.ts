import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import { readFields } from "./field-arguments.ts";
import { findHash } from "../../collections/hash-key.ts";

export const hpersist = command({
  name: "HPERSIST",
  group: "hash",
  since: "7.4.0",
  complexity: "O(N) for N fields.",
  summary: "Removes the expiry of fields of a hash, so that they never expire.",
  syntax: "key FIELDS={numfields:integer field...}",
  flags: ["write", "fast"],
  keys: firstKey,
  run(context, args, reply) {
    const hash = findHash(context.database, args);
    const first = readFields(args, 2);
    let changed = 0;
    reply.array(args.count - first);
    for (let index = first; index < args.count; index++) {
      const timeMs = hash?.timeOf(args.buffer, args.start(index), args.end(index));
      if (hash === undefined || timeMs === undefined) {
        reply.integer(-2);
      } else if (timeMs === 0) {
        reply.integer(-1);
      } else {
        hash.setTime(args.buffer, args.start(index), args.end(index), 0);
        changed++;
        reply.integer(1);
      }
    }
    if (changed > 0) context.database.changed(args, 1, "hpersist");
  },
});
