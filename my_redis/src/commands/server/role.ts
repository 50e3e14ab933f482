import { command } from "../../dispatch/command.ts";
import { CommandError } from "../../protocol/command-error.ts";

export const role = command({
  name: "ROLE",
  group: "server",
  since: "2.8.12",
  complexity: "O(1)",
  summary: "Returns the server's role in replication.",
  flags: ["noscript", "loading", "stale", "fast"],
  categories: ["admin", "dangerous"],
  run(_context, _args, reply) {
    reply.array(3);
    reply.bulkText("master");
    reply.integer(0);
    reply.array(0);
  },
});

export const wait = command({
  name: "WAIT",
  group: "generic",
  since: "3.0.0",
  complexity: "O(1)",
  brief: true,
  summary: "Waits until replicas have received the changes made so far, and counts these replicas. There are none yet.",
  syntax: "numreplicas:integer timeout:integer",
  flags: ["noscript"],
  categories: ["connection"],
  tips: ["request_policy:all_shards", "response_policy:agg_min"],
  run(context, args, reply) {
    const wanted = args.integer(1);
    const timeoutMs = args.integer(2, "ERR timeout is not an integer or out of range");
    if (timeoutMs < 0) throw new CommandError("ERR timeout is negative");
    if (wanted > 0 && context.blockOn(args, [], { timeoutMs, timeoutReply: "zero" }) === "blocked") return;
    reply.integer(0);
  },
});
