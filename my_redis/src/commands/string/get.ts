import { command } from "../../dispatch/command.ts";
import { everyKey, firstKey } from "../../dispatch/key-specification.ts";
import { typeOf, valueType } from "../../memory/record.ts";
import { replyString } from "../../collections/string-value.ts";

export const get = command({
  name: "GET",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Returns the string value of a key.",
  syntax: "key",
  flags: ["readonly", "fast"],
  keys: firstKey,
  run({ database, keyspace }, args, reply) {
    const address = database.readTyped(args, 1, valueType.string);
    if (address === 0) reply.null();
    else replyString(keyspace.heap, address, reply);
  },
});

export const mget = command({
  name: "MGET",
  group: "string",
  since: "1.0.0",
  complexity: "O(N) with N being the number of keys",
  summary: "Returns the string values of several keys, nil for a missing key or another type.",
  syntax: "key...",
  flags: ["readonly", "fast"],
  keys: everyKey,
  tips: ["request_policy:multi_shard"],
  run({ database, keyspace: { heap } }, args, reply) {
    reply.array(args.count - 1);
    for (let index = 1; index < args.count; index++) {
      const address = database.read(args, index);
      if (address === 0 || typeOf(heap, address) !== valueType.string) reply.null();
      else replyString(heap, address, reply);
    }
  },
});
