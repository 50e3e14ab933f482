import { command } from "../../dispatch/command.ts";
import { keysFrom } from "../../dispatch/key-specification.ts";

export const exists = command({
  name: "EXISTS",
  group: "generic",
  since: "1.0.0",
  complexity: "O(N) with N being the number of keys",
  summary: "Counts how many of the given keys exist; a key given twice counts twice.",
  syntax: "key...",
  flags: ["readonly", "fast"],
  keys: keysFrom(1, "RO"),
  tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
  run({ database }, args, reply) {
    let found = 0;
    for (let index = 1; index < args.count; index++) if (database.readUnmarked(args, index) !== 0) found++;
    reply.integer(found);
  },
});

export const touch = command({
  name: "TOUCH",
  group: "generic",
  since: "3.2.1",
  complexity: "O(N) with N being the number of keys",
  summary: "Marks keys as used just now, and counts how many of them exist.",
  syntax: "key...",
  flags: ["readonly", "fast"],
  keys: keysFrom(1, "RO"),
  tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
  run({ database, keyspace: { accessClock } }, args, reply) {
    const { marks } = accessClock;
    // TOUCH updates the access time even under CLIENT NO-TOUCH, under which no other command does.
    accessClock.marks = true;
    let found = 0;
    for (let index = 1; index < args.count; index++) if (database.read(args, index) !== 0) found++;
    accessClock.marks = marks;
    reply.integer(found);
  },
});
