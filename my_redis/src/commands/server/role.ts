import { command } from "../../command/command.ts";
import { CommandError } from "../../protocol/command-error.ts";

export const role = command({
  name: "ROLE",
  group: "server",
  since: "2.8.12",
  complexity: "O(1)",
  summary: "Tells the server's part in replication.",
  flags: ["noscript", "loading", "stale", "fast"],
  categories: ["admin", "dangerous"],
  arity: 1,
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
  summary: "Returns how many replicas have the changes made so far: none, as there are no replicas yet.",
  flags: ["noscript"],
  categories: ["connection"],
  arity: 3,
  run(_context, args, reply) {
    args.integer(1);
    if (args.integer(2, "ERR timeout is not an integer or out of range") < 0) {
      throw new CommandError("ERR timeout is negative");
    }
    reply.integer(0);
  },
});
