import { command } from "../../dispatch/command.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";

export const select = command({
  name: "SELECT",
  group: "connection",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Changes the database that this connection uses.",
  syntax: "index",
  flags: ["loading", "stale", "fast"],
  anyConnection: true,
  selectsDatabase: true,
  run(context, args, reply) {
    const number = args.integer(1);
    if (number < 0 || number >= context.keyspace.databases.length) throw new CommandError(errors.outOfDatabaseRange);
    context.select(number);
    reply.ok();
  },
});
