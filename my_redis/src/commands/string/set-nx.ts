import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import { noExpiry } from "../../keyspace/database.ts";
import { storeString } from "../../collections/string-value.ts";

export const setNx = command({
  name: "SETNX",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Sets a key to a string unless the key exists.",
  syntax: "key value",
  flags: ["write", "denyoom", "fast"],
  keys: keyAt(1, "OW insert"),
  run({ database }, args, reply) {
    if (database.write(args, 1) !== 0) {
      reply.integer(0);
      return;
    }
    storeString(database, args, 1, 2, noExpiry);
    database.changed(args, 1, "set");
    reply.integer(1);
  },
});
