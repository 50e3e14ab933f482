import { command } from "../../dispatch/command.ts";

export const dbSize = command({
  name: "DBSIZE",
  group: "server",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Counts the keys of this database.",
  flags: ["readonly", "fast"],
  categories: ["keyspace"],
  tips: ["request_policy:all_shards", "response_policy:agg_sum"],
  run({ database }, _args, reply) {
    reply.integer(database.visibleSize);
  },
});
