import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import {
  findHyperLogLog,
  newHyperLogLog,
  storeHyperLogLog,
  withRegisters,
} from "../../collections/hyperloglog-value.ts";

export const pfadd = command({
  name: "PFADD",
  group: "hyperloglog",
  since: "2.8.9",
  complexity: "O(1) for each element.",
  summary: "Adds elements to a HyperLogLog, creating it if needed; returns whether its estimate may have changed.",
  syntax: "key [element...]",
  flags: ["write", "denyoom", "fast"],
  keys: keyAt(1, "RW insert"),
  run(context, args, reply) {
    const maxSparseBytes = context.server.settings.values["hll-sparse-max-bytes"];
    const found = findHyperLogLog(context.database, args, 1);
    const value = found ?? newHyperLogLog();
    let changes = found === undefined ? 1 : 0;
    withRegisters(() => {
      for (let index = 2; index < args.count; index++) {
        if (value.add(args.buffer, args.start(index), args.end(index), maxSparseBytes)) changes++;
      }
    });
    if (changes > 0) {
      value.forgetCount();
      storeHyperLogLog(context.database, args, 1, value);
      context.database.changed(args, 1, "pfadd", changes);
    }
    reply.integer(changes > 0 ? 1 : 0);
  },
});
