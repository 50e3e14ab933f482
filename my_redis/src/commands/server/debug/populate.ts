import { noExpiry } from "../../../keyspace/database.ts";
import * as record from "../../../memory/record.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError } from "../../../protocol/command-error.ts";
import type { DebugSubcommand } from "./debug-subcommand.ts";

export const debugPopulate: DebugSubcommand = {
  name: "POPULATE",
  usage: "<count> [<prefix>] [<size>]",
  summary: "Creates strings named <prefix>:0, <prefix>:1 and so on; existing keys stay. They are not logged.",
  counts: [3, 5],
  run({ database }, args, reply) {
    const count = readCount(args, 2);
    const prefix = args.count > 3 ? args.latin1(3) : "key";
    const size = args.count > 4 ? readCount(args, 4) : undefined;
    for (let number = 0; number < count; number++) {
      const key = Buffer.from(`${prefix}:${number}`, "latin1");
      if (database.find(key, 0, key.length) !== 0) continue;
      const value = valueOf(number, size);
      const encoding = value.length <= 44 ? record.encoding.embedded : record.encoding.raw;
      database.setString(key, 0, key.length, value, 0, value.length, encoding, noExpiry);
    }
    reply.ok();
  },
};

/** "value:<number>", cut off or padded with zero bytes to the requested size. */
function valueOf(number: number, size: number | undefined): Uint8Array {
  const text = Buffer.from(`value:${number}`);
  if (size === undefined) return text;
  const value = new Uint8Array(size);
  value.set(text.subarray(0, size));
  return value;
}

function readCount(args: Arguments, index: number): number {
  const message = "ERR value is out of range, must be positive";
  const count = args.integer(index, message);
  if (count < 0) throw new CommandError(message);
  return count;
}
