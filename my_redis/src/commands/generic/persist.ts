import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import * as record from "../../memory/record.ts";

export const persist = command({
  name: "PERSIST",
  group: "generic",
  since: "2.2.0",
  complexity: "O(1)",
  summary: "Removes the expiry of a key, so that it never expires.",
  syntax: "key",
  flags: ["write", "fast"],
  keepsElements: true,
  keys: keyAt(1, "RW update"),
  run({ database, keyspace }, args, reply) {
    const address = database.write(args, 1);
    if (address === 0 || !record.hasExpiry(keyspace.heap, address)) {
      reply.integer(0);
      return;
    }
    database.removeExpiry(address);
    database.changed(args, 1, "persist");
    reply.integer(1);
  },
});
