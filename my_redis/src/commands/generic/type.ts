import { command } from "../../dispatch/command.ts";
import { typeName } from "../../keyspace/value-names.ts";

export const type = command({
  name: "TYPE",
  group: "generic",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Names the type of the value of a key.",
  flags: ["readonly", "fast"],
  arity: 2,
  keys: { first: 1, last: 1, step: 1 },
  run({ database, keyspace }, args, reply) {
    const address = database.readUnmarked(args, 1);
    reply.simple(address === 0 ? "none" : typeName(keyspace.heap, address));
  },
});
