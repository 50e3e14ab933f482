import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import { valueType } from "../../memory/record.ts";
import { stringBytes } from "../../collections/string-value.ts";
import { digestOf } from "./comparison.ts";

/** Redis 8.4. */
export const digest = command({
  name: "DIGEST",
  group: "string",
  since: "8.4.0",
  complexity: "O(N) for N bytes of the string.",
  summary: "Returns the XXH3 digest of a string in hexadecimal, for the conditions of SET and DELEX.",
  syntax: "key",
  flags: ["readonly", "fast"],
  keys: firstKey,
  run({ database, keyspace: { heap } }, args, reply) {
    const address = database.readTyped(args, 1, valueType.string);
    if (address === 0) reply.null();
    else reply.bulkText(digestOf(stringBytes(heap, address)));
  },
});
