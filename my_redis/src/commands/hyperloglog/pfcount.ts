import { command } from "../../dispatch/command.ts";
import { keysFrom } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import { noEvent } from "../../keyspace/keyspace-observer.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { Registers } from "../../values/hyperloglog/registers.ts";
import {
  corruptRegisters,
  preserveHyperLogLog,
  readHyperLogLog,
  readRawHyperLogLog,
  withRegisters,
} from "../../collections/hyperloglog-value.ts";

const registers = new Registers();

function countOne(context: Context, args: Arguments): number | bigint {
  const value = readRawHyperLogLog(context.database, args, 1);
  if (value === undefined) return 0;
  const { knownCount } = value;
  if (knownCount !== undefined) return knownCount;
  const count = withRegisters(() => value.count());
  preserveHyperLogLog(context.database, args, 1);
  value.setCount(count);
  // The stored bytes have changed, although the set that they describe has not.
  context.database.changed(args, 1, noEvent);
  return count;
}

function countUnion(context: Context, args: Arguments): number {
  registers.clear();
  for (let index = 1; index < args.count; index++) {
    const value = readHyperLogLog(context.database, args, index);
    if (value !== undefined && !registers.merge(value)) throw corruptRegisters();
  }
  return registers.count();
}

export const pfcount = command({
  name: "PFCOUNT",
  group: "hyperloglog",
  since: "2.8.9",
  complexity: "O(1) for one key whose count is known; O(N) for N keys.",
  brief: true,
  summary: "Estimates how many distinct elements were added to one or several HyperLogLogs together.",
  syntax: "key...",
  flags: ["readonly"],
  keys: keysFrom(1, "RW access"),
  // PFCOUNT may store the count in the value, so that the next call need not compute it.
  mayReplicate: () => true,
  run(context, args, reply) {
    const count = args.count > 2 ? countUnion(context, args) : countOne(context, args);
    if (typeof count === "number" && Number.isSafeInteger(count)) reply.integer(count);
    else reply.int64(BigInt.asIntN(64, BigInt(count)));
  },
});
