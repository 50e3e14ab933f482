import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import { CommandError } from "../../protocol/command-error.ts";
import type { HyperLogLog } from "../../values/hyperloglog/hyperloglog.ts";
import { findHyperLogLog, storeHyperLogLog, withRegisters } from "../../collections/hyperloglog-value.ts";

/**
 * The runs of the sparse form: "z" and "Z" are short and long runs of zeros, "v" a value with its number of registers.
 */
const describeRuns = (value: HyperLogLog): string => withRegisters(() => value.describeRuns().join(" "));

export const pfdebug = command({
  name: "PFDEBUG",
  group: "hyperloglog",
  since: "2.8.9",
  complexity: "O(N) for N registers.",
  summary: "Shows the internal form of a HyperLogLog, for tests.",
  syntax: "subcommand key",
  flags: ["write", "denyoom", "admin"],
  keys: keyAt(2, "RW access"),
  run(context, args, reply) {
    const value = findHyperLogLog(context.database, args, 2);
    if (value === undefined) throw new CommandError("ERR The specified key does not exist");
    const makeDense = (): void => {
      if (!value.isSparse) return;
      withRegisters(() => value.makeDense());
      storeHyperLogLog(context.database, args, 2, value);
      context.keyspace.dirty++;
    };
    if (args.is(1, "getreg")) {
      makeDense();
      const { values } = value.registers();
      reply.array(values.length);
      for (const register of values) reply.integer(register);
    } else if (args.is(1, "decode")) {
      if (!value.isSparse) throw new CommandError("ERR HLL encoding is not sparse");
      reply.bulkLatin1(describeRuns(value));
    } else if (args.is(1, "encoding")) {
      reply.simple(value.isSparse ? "sparse" : "dense");
    } else if (args.is(1, "todense")) {
      reply.integer(value.isSparse ? 1 : 0);
      makeDense();
    } else {
      throw new CommandError(`ERR Unknown PFDEBUG subcommand '${args.latin1(1)}'`);
    }
  },
});

export const pfselftest = command({
  name: "PFSELFTEST",
  group: "hyperloglog",
  since: "2.8.9",
  complexity: "O(1)",
  brief: true,
  summary: "Returns OK without testing anything: the project's own tests cover HyperLogLogs.",
  flags: ["admin"],
  run(_context, _args, reply) {
    reply.ok();
  },
});
