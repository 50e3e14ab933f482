import { command } from "../../dispatch/command.ts";
import { keyAt, keysFrom } from "../../dispatch/key-specification.ts";
import { HyperLogLog, newRegisters } from "../../values/hyperloglog/hyperloglog.ts";
import {
  findHyperLogLog,
  readHyperLogLog,
  storeHyperLogLog,
  withRegisters,
} from "../../collections/hyperloglog-value.ts";

export const pfmerge = command({
  name: "PFMERGE",
  group: "hyperloglog",
  since: "2.8.9",
  complexity: "O(N) for N keys.",
  summary: "Merges HyperLogLogs into the one at the first key, creating it if needed.",
  syntax: "destkey:key sourcekey:key...",
  flags: ["write", "denyoom"],
  // Redis accepts a destination without sources, contrary to its documented syntax.
  arity: -2,
  keys: [keyAt(1, "RW access insert"), keysFrom(2, "RO access")],
  run(context, args, reply) {
    const maxSparseBytes = context.server.settings.values["hll-sparse-max-bytes"];
    const registers = newRegisters();
    let anyDense = false;
    for (let index = 1; index < args.count; index++) {
      const source = readHyperLogLog(context.database, args, index);
      if (source === undefined) continue;
      if (!source.isSparse) anyDense = true;
      withRegisters(() => source.mergeInto(registers));
    }
    const target = findHyperLogLog(context.database, args, 1) ?? HyperLogLog.empty();
    withRegisters(() => {
      if (anyDense) target.makeDense();
      for (const [index, value] of registers.entries()) if (value > 0) target.raise(index, value, maxSparseBytes);
    });
    target.forgetCount();
    storeHyperLogLog(context.database, args, 1, target);
    context.database.changed(args, 1, "pfadd");
    reply.ok();
  },
});
