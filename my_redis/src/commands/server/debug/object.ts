import * as record from "../../../memory/record.ts";
import { encodingName } from "../../../keyspace/value-names.ts";
import { CommandError, errors } from "../../../protocol/command-error.ts";
import type { DebugSubcommand } from "./debug-subcommand.ts";
import { findEvenExpired } from "./find-even-expired.ts";

export const debugObject: DebugSubcommand = {
  name: "OBJECT",
  usage: "<key>",
  summary: "Shows where and how a key's value is stored.",
  counts: [3, 4],
  run({ database, keyspace }, args, reply) {
    const address = findEvenExpired(database, args, 2);
    if (address === 0) throw new CommandError(errors.noSuchKey);
    const { accessClock, heap } = keyspace;
    const clock = record.accessClockOf(heap, address);
    const facts = [
      `Value at:0x${(address >>> 0).toString(16)}`,
      "refcount:1",
      `encoding:${encodingName(heap, address)}`,
      `serializedlength:${heap.capacity(address)}`,
      `lru:${clock}`,
      `lru_seconds_idle:${accessClock.idleSeconds(clock)}`,
    ];
    reply.simple(facts.join(" "));
  },
};
