import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import { typeName } from "../../keyspace/value-names.ts";

export const type = command({
  name: "TYPE",
  group: "generic",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Names the type of the value of a key.",
  syntax: "key",
  flags: ["readonly", "fast"],
  keys: keyAt(1, "RO"),
  run({ database, keyspace }, args, reply) {
    const address = database.readUnmarked(args, 1);
    reply.simple(address === 0 ? "none" : typeName(keyspace.heap, address));
  },
});
