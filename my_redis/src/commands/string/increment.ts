import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import { keepExpiry } from "../../keyspace/database.ts";
import type { Address } from "../../memory/heap.ts";
import { encoding, encodingOf, valueType } from "../../memory/record.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { maxInt64, minInt64, parseInt64 } from "../../protocol/number-text.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { readSafeInteger, storeInteger, stringBytes, writeSafeInteger } from "../../collections/string-value.ts";

const fields = {
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  flags: ["write", "denyoom", "fast"],
  keys: firstKey,
} as const;

export const incr = command({
  ...fields,
  name: "INCR",
  summary: "Adds one to the integer at a key; a missing key counts as 0.",
  syntax: "key",
  run: (context, args, reply) => add(context, args, reply, 1),
  loadOperation: "incr",
});

export const decr = command({
  ...fields,
  name: "DECR",
  summary: "Subtracts one from the integer at a key; a missing key counts as 0.",
  syntax: "key",
  run: (context, args, reply) => add(context, args, reply, -1),
});

export const incrBy = command({
  ...fields,
  name: "INCRBY",
  summary: "Adds a number to the integer at a key; a missing key counts as 0.",
  syntax: "key increment:integer",
  run(context, args, reply) {
    const by = args.integer(2);
    if (Number.isSafeInteger(by)) add(context, args, reply, by);
    else addExactly(context, args, reply, args.int64(2));
  },
});

export const decrBy = command({
  ...fields,
  name: "DECRBY",
  summary: "Subtracts a number from the integer at a key; a missing key counts as 0.",
  syntax: "key decrement:integer",
  run(context, args, reply) {
    const by = args.integer(2);
    if (Number.isSafeInteger(by)) {
      add(context, args, reply, -by);
      return;
    }
    const exact = args.int64(2);
    if (exact === minInt64) throw new CommandError("ERR decrement would overflow");
    addExactly(context, args, reply, -exact);
  },
});

/** The usual case overwrites eight bytes of the record and creates no object. */
function add(context: Context, args: Arguments, reply: ReplyWriter, by: number): void {
  const { database } = context;
  const { heap } = context.keyspace;
  const address = database.writeTyped(args, 1, valueType.string);
  if (address !== 0 && encodingOf(heap, address) === encoding.integer) {
    const sum = readSafeInteger(heap, address) + by;
    if (Number.isSafeInteger(sum)) {
      writeSafeInteger(heap, address, sum);
      database.changed(args, 1, "incrby");
      reply.integer(sum);
      return;
    }
  }
  addTo(context, args, reply, address, BigInt(by));
}

function addExactly(context: Context, args: Arguments, reply: ReplyWriter, by: bigint): void {
  addTo(context, args, reply, context.database.writeTyped(args, 1, valueType.string), by);
}

function addTo(context: Context, args: Arguments, reply: ReplyWriter, address: Address, by: bigint): void {
  const { database } = context;
  const { bytes, start, end } = stringBytes(context.keyspace.heap, address);
  const value = address === 0 ? 0n : parseInt64(bytes, start, end);
  if (value === undefined) throw new CommandError(errors.notInteger);
  const sum = value + by;
  if (sum > maxInt64 || sum < minInt64) throw new CommandError(errors.overflow);
  storeInteger(database, args, 1, sum, keepExpiry);
  database.changed(args, 1, "incrby");
  reply.int64(sum);
}
