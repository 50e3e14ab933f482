import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import { valueType } from "../../memory/record.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { countOnesOfBits, findBit } from "../../values/bits.ts";
import { stringBytes } from "../../collections/string-value.ts";
import { readUnit, resolveRange } from "./bit-range.ts";

const fields = {
  group: "bitmap",
  complexity: "O(N) with N being the length of the string",
  flags: ["readonly"],
  keys: firstKey,
} as const;

export const bitCount = command({
  ...fields,
  name: "BITCOUNT",
  since: "2.6.0",
  summary: "Counts the bits that are set in the string value of a key, or in a part of it.",
  syntax: "key [start:integer end:integer [BYTE | BIT]]",
  run(context, args, reply) {
    const address = context.database.readTyped(args, 1, valueType.string);
    if (address === 0) {
      reply.integer(0);
      return;
    }
    if (args.count !== 2 && args.count !== 4 && args.count !== 5) throw new CommandError(errors.syntax);
    const { bytes, start, end } = stringBytes(context.keyspace.heap, address);
    const from = args.count === 2 ? 0 : args.integer(2);
    const to = args.count === 2 ? -1 : args.integer(3);
    // As in Redis, two negative ends in the wrong order make an empty range, and the unit is not validated then.
    const nothing = from < 0 && to < 0 && from > to;
    const range = nothing ? nowhere : resolveRange(from, to, end - start, args.count === 5 && readUnit(args, 4));
    reply.integer(countOnesOfBits(bytes, start, range.first, range.end));
  },
});

const nowhere = { first: 0, end: 0 };

export const bitPos = command({
  ...fields,
  name: "BITPOS",
  since: "2.8.7",
  summary: "Finds the first bit that is set, or clear, in the string value of a key or in a part of it.",
  syntax: "key bit:integer [start:integer [end:integer [BYTE | BIT]]]",
  run(context, args, reply) {
    const bit = args.integer(2);
    if (bit !== 0 && bit !== 1) throw new CommandError("ERR The bit argument must be 1 or 0.");
    const address = context.database.readTyped(args, 1, valueType.string);
    if (address === 0) {
      reply.integer(bit === 1 ? -1 : 0);
      return;
    }
    if (args.count > 6) throw new CommandError(errors.syntax);
    const from = args.count > 3 ? args.integer(3) : 0;
    const inBits = args.count === 6 && readUnit(args, 5);
    const to = args.count > 4 ? args.integer(4) : -1;
    const { bytes, start, end } = stringBytes(context.keyspace.heap, address);
    const range = resolveRange(from, to, end - start, inBits);
    const found = findBit(bytes, start, range.first, range.end, bit);
    // Without an explicit end, the string counts as followed by endless zeros, so a clear bit is always found.
    const behind = found < 0 && bit === 0 && args.count < 5 && range.first < range.end;
    reply.integer(behind ? (end - start) * 8 : found);
  },
});
