import { command, type Run } from "../../dispatch/command.ts";

/** Large values are always freed bit by bit, so that DEL and UNLINK do the same. */
const removeKeys: Run = ({ database }, args, reply) => {
  let removed = 0;
  for (let index = 1; index < args.count; index++) {
    if (!database.delete(args, index)) continue;
    database.changed(args, index, "del");
    removed++;
  }
  reply.integer(removed);
};

export const del = command({
  name: "DEL",
  group: "generic",
  since: "1.0.0",
  complexity: "O(N) with N being the number of keys",
  summary: "Removes keys and their values.",
  flags: ["write"],
  arity: -2,
  keys: { first: 1, last: -1, step: 1 },
  run: removeKeys,
});

export const unlink = command({
  name: "UNLINK",
  group: "generic",
  since: "4.0.0",
  complexity: "O(N) with N being the number of keys; their memory is freed later",
  summary: "Removes keys at once, and frees their values in the background.",
  flags: ["write", "fast"],
  arity: -2,
  keys: { first: 1, last: -1, step: 1 },
  run: removeKeys,
});
