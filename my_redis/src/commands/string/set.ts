import { command } from "../../command/command.ts";
import { noExpiry } from "../../keyspace/database.ts";
import { storeString } from "./string-value.ts";

export const set = command({
  name: "SET",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.",
  flags: ["write", "denyoom"],
  arity: -3,
  keys: { first: 1, last: 1, step: 1 },
  run({ database }, args, reply) {
    storeString(database, args, 1, args.buffer, args.start(2), args.end(2), noExpiry);
    database.changed(args, 1, "set");
    reply.ok();
  },
});
