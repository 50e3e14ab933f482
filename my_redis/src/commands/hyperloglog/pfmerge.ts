import { command } from "../../dispatch/command.ts";
import { keyAt, keysFrom } from "../../dispatch/key-specification.ts";
import type { HyperLogLog } from "../../values/hyperloglog/hyperloglog.ts";
import { Registers } from "../../values/hyperloglog/registers.ts";
import {
  corruptRegisters,
  findHyperLogLog,
  newHyperLogLog,
  readHyperLogLog,
  storeHyperLogLog,
  withRegisters,
} from "../../collections/hyperloglog-value.ts";

const registers = new Registers();

/** Raises the registers of the target, which is one of the sources, to those of the union. */
function raiseAll(target: HyperLogLog, maxSparseBytes: number): void {
  // Register by register, as Redis does it: how runs are joined depends on the steps.
  if (!registers.anyDense) {
    registers.forEachRaised((index, value) => {
      target.raise(index, value, maxSparseBytes);
      return target.isSparse;
    });
  }
  if (registers.anyDense || !target.isSparse) target.setRegisters(registers);
}

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
    registers.clear();
    for (let index = 1; index < args.count; index++) {
      const source = readHyperLogLog(context.database, args, index);
      if (source !== undefined && !registers.merge(source)) throw corruptRegisters();
    }
    const target = findHyperLogLog(context.database, args, 1) ?? newHyperLogLog();
    withRegisters(() => raiseAll(target, maxSparseBytes));
    target.forgetCount();
    storeHyperLogLog(context.database, args, 1, target);
    context.database.changed(args, 1, "pfadd");
    reply.ok();
  },
});
