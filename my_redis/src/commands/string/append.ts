import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import { noExpiry } from "../../keyspace/database.ts";
import * as record from "../../memory/record.ts";
import { copyBytes } from "../../memory/copy-bytes.ts";
import { checkStringLength, makeRaw, storeString, stringLength } from "../../collections/string-value.ts";

export const append = command({
  name: "APPEND",
  group: "string",
  since: "2.0.0",
  complexity: "O(1), amortized over many",
  summary: "Appends to the string value of a key; the key is created if it does not exist.",
  syntax: "key value",
  flags: ["write", "denyoom", "fast"],
  keys: keyAt(1, "RW insert"),
  run(context, args, reply) {
    const { database } = context;
    const { heap } = context.keyspace;
    const address = database.writeTyped(args, 1, record.valueType.string);
    let length = args.length(2);
    if (address === 0) {
      storeString(database, args, 1, 2, noExpiry);
    } else {
      const before = stringLength(heap, address);
      length += before;
      checkStringLength(context.database, length);
      const grown = database.growValue(makeRaw(database, args, 1, address), length);
      const start = record.valueStartOf(heap, grown) + before;
      copyBytes(args.buffer, args.start(2), args.end(2), record.bytesOf(heap, grown), start);
    }
    database.changed(args, 1, "append");
    reply.integer(length);
  },
});
