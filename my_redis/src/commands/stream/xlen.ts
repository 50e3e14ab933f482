import { command } from "../../dispatch/command.ts";
import { readStream } from "../../collections/stream-value.ts";

export const xlen = command({
  name: "XLEN",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1)",
  summary: "Gives the number of entries of a stream.",
  flags: ["readonly", "fast"],
  arity: 2,
  keys: { first: 1, last: 1, step: 1 },
  run({ database }, args, reply) {
    reply.integer(readStream(database, args, 1)?.length ?? 0);
  },
});
