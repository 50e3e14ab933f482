import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { readDatabase } from "./database-number.ts";

export const move = command({
  name: "MOVE",
  group: "generic",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Moves a key to another database, unless that database already has a key of this name.",
  syntax: "key db:integer",
  flags: ["write", "fast"],
  keys: firstKey,
  run({ database, keyspace }, args, reply) {
    const target = readDatabase(keyspace, args, 2);
    if (target === database) throw new CommandError(errors.sameObject);
    const address = database.write(args, 1);
    if (address === 0 || target.write(args, 1) !== 0) {
      reply.integer(0);
      return;
    }
    database.detach(address);
    target.attach(address);
    database.changed(args, 1, "move_from");
    target.announce(args, 1, "move_to");
    reply.integer(1);
  },
});
