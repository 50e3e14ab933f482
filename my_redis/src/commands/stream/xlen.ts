import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import { readStream } from "../../collections/stream-value.ts";

export const xlen = command({
  name: "XLEN",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1)",
  summary: "Gives the number of entries of a stream.",
  syntax: "key",
  flags: ["readonly", "fast"],
  keys: keyAt(1, "RO"),
  run({ database }, args, reply) {
    reply.integer(readStream(database, args, 1)?.length ?? 0);
  },
});
