import { command, type Run } from "../../dispatch/command.ts";
import { keysFrom } from "../../dispatch/key-specification.ts";

/** Large values are always freed in the background, so DEL and UNLINK do the same. */
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
  syntax: "key...",
  flags: ["write"],
  keepsElements: true,
  keys: keysFrom(1, "RM delete"),
  tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
  run: removeKeys,
  loadOperation: "del",
});

export const unlink = command({
  name: "UNLINK",
  group: "generic",
  since: "4.0.0",
  complexity: "O(N) with N being the number of keys; their memory is freed later",
  summary: "Removes keys at once, and frees their values in the background.",
  syntax: "key...",
  flags: ["write", "fast"],
  keepsElements: true,
  keys: keysFrom(1, "RM delete"),
  tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
  run: removeKeys,
});
