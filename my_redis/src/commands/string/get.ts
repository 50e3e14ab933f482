import { command } from "../../command/command.ts";
import { valueType } from "../../keyspace/record.ts";
import { replyString } from "./string-value.ts";

export const get = command({
  name: "GET",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Returns the string value of a key.",
  flags: ["readonly", "fast"],
  arity: 2,
  keys: { first: 1, last: 1, step: 1 },
  run({ database, keyspace }, args, reply) {
    const address = database.readTyped(args, 1, valueType.string);
    if (address === 0) reply.null();
    else replyString(keyspace.heap, address, reply);
  },
});
