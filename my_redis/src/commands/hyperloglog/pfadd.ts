import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CorruptHyperLogLogError, hashSeed, type HyperLogLog } from "../../values/hyperloglog/hyperloglog.ts";
import { hashArguments, hashes } from "../../values/hyperloglog/murmur-hash.ts";
import {
  corruptRegisters,
  findHyperLogLog,
  newHyperLogLog,
  storeHyperLogLog,
} from "../../collections/hyperloglog-value.ts";

/**
 * The registers are damaged at an element's place. As in redis-server, the elements before it stay added, which counts
 * as no change. The log gets the bytes: PFADD would fail again when it is loaded.
 */
function keepAdded(context: Context, args: Arguments, value: HyperLogLog): void {
  value.forgetCount();
  storeHyperLogLog(context.database, args, 1, value);
  context.keyspace.dirty++;
  context.keyspace.uncounted++;
  if (context.logs) context.logAs("SET", args.view(1), value.bytes.slice(value.start, value.end), "KEEPTTL");
}

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
    try {
      for (let index = 2; index < args.count;) {
        const hashed = hashArguments(args, index, hashSeed);
        for (let at = 0; at < 2 * hashed; at += 2) {
          if (value.add(hashes[at] as number, hashes[at + 1] as number, maxSparseBytes)) changes++;
        }
        index += hashed;
      }
    } catch (error) {
      if (!(error instanceof CorruptHyperLogLogError)) throw error;
      if (changes > 0) keepAdded(context, args, value);
      throw corruptRegisters();
    }
    if (changes > 0) {
      value.forgetCount();
      storeHyperLogLog(context.database, args, 1, value);
      context.database.changed(args, 1, "pfadd", changes);
    }
    reply.integer(changes > 0 ? 1 : 0);
  },
});
