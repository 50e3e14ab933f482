import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import { replyValues } from "./reply-values.ts";
import { readFields } from "./field-arguments.ts";
import { findHash } from "../../collections/hash-key.ts";

export const hgetdel = command({
  name: "HGETDEL",
  group: "hash",
  since: "8.0.0",
  complexity: "O(N) for N fields.",
  summary: "Gives the values of fields of a hash and removes the fields, and the hash with its last field.",
  syntax: "key FIELDS={numfields:integer field...}",
  flags: ["write", "fast"],
  keys: firstKey,
  run(context, args, reply) {
    const hash = findHash(context.database, args);
    const first = readFields(args, 2);
    const removed: Uint8Array[] = [];
    replyValues(hash, args, first, reply, (found, index) => {
      found.delete(args.buffer, args.start(index), args.end(index));
      removed.push(args.view(index));
    });
    if (hash === undefined || removed.length === 0) return;
    context.database.changed(args, 1, "hdel");
    hash.deleteIfEmpty(args, 1);
    if (context.logs) context.logAs("HDEL", args.view(1), ...removed);
  },
});
