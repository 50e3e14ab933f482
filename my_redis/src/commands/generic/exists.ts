import { command } from "../../dispatch/command.ts";

export const exists = command({
  name: "EXISTS",
  group: "generic",
  since: "1.0.0",
  complexity: "O(N) with N being the number of keys",
  summary: "Counts how many of the given keys exist; a key given twice counts twice.",
  flags: ["readonly", "fast"],
  arity: -2,
  keys: { first: 1, last: -1, step: 1 },
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
  flags: ["readonly", "fast"],
  arity: -2,
  keys: { first: 1, last: -1, step: 1 },
  run({ database, keyspace: { accessClock } }, args, reply) {
    const { marks } = accessClock;
    // It does so even for a client whose other commands leave no mark.
    accessClock.marks = true;
    let found = 0;
    for (let index = 1; index < args.count; index++) if (database.read(args, index) !== 0) found++;
    accessClock.marks = marks;
    reply.integer(found);
  },
});
