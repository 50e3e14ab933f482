import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import { valueType } from "../../memory/record.ts";
import { stringLength } from "../../collections/string-value.ts";

export const strlen = command({
  name: "STRLEN",
  group: "string",
  since: "2.2.0",
  complexity: "O(1)",
  summary: "Returns the length in bytes of the string value of a key, 0 for a missing key.",
  syntax: "key",
  flags: ["readonly", "fast"],
  keys: keyAt(1, "RO"),
  run({ database, keyspace }, args, reply) {
    const address = database.readTyped(args, 1, valueType.string);
    reply.integer(address === 0 ? 0 : stringLength(keyspace.heap, address));
  },
});
