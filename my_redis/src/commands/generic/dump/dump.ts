import { command } from "../../../dispatch/command.ts";
import { firstKey } from "../../../dispatch/key-specification.ts";
import { dumpValue } from "../../../persistence/rdb/dumped-value.ts";

export const dump = command({
  name: "DUMP",
  group: "generic",
  since: "2.6.0",
  complexity: "O(N) with N being the size of the value",
  summary: "Serializes a key's value as bytes that RESTORE accepts, here and in Redis.",
  syntax: "key",
  flags: ["readonly"],
  keys: firstKey,
  tips: ["nondeterministic_output"],
  run({ database, server }, args, reply) {
    const address = database.read(args, 1);
    if (address === 0) {
      reply.null();
      return;
    }
    reply.bulk(dumpValue(server, address));
  },
});
