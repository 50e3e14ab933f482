import type { Context } from "../../dispatch/context.ts";
import type { Address } from "../../memory/heap.ts";
import * as record from "../../memory/record.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { parseSafeInteger } from "../../protocol/number-text.ts";
import { makeRaw } from "../../collections/string-value.ts";

const hashSign = 35;
const badOffset = "ERR bit offset is not an integer or out of range";

/**
 * Reads the offset of a bit. With `fieldBits`, "#3" means the field with index 3 of that width. Throws when the bit
 * lies beyond the longest string that `proto-max-bulk-len` allows.
 */
export function readBitOffset(context: Context, args: Arguments, index: number, fieldBits = 0): number {
  const start = args.start(index);
  const inFields = fieldBits > 0 && args.buffer[start] === hashSign;
  const number = parseSafeInteger(args.buffer, inFields ? start + 1 : start, args.end(index));
  const offset = inFields ? number * fieldBits : number;
  const limitBytes = context.server.settings.values["proto-max-bulk-len"];
  if (Number.isNaN(offset) || offset < 0 || Math.floor(offset / 8) >= limitBytes) throw new CommandError(badOffset);
  return offset;
}

export interface WritableString {
  readonly address: Address;
  /** Whether the key is new or its value became longer. */
  readonly grown: boolean;
}

/** The string record of a key, converted to "raw" and padded with zeros so that it contains this bit. */
export function makeWritable(context: Context, args: Arguments, index: number, bit: number): WritableString {
  const { database } = context;
  const { heap } = context.keyspace;
  const wanted = Math.floor(bit / 8) + 1;
  let address = database.writeTyped(args, index, record.valueType.string);
  let before = 0;
  if (address === 0) {
    const shape = { type: record.valueType.string, encoding: record.encoding.raw, valueLength: wanted };
    address = database.create(args.buffer, args.start(index), args.end(index), shape);
  } else {
    address = makeRaw(database, args, index, address);
    before = record.valueLengthOf(heap, address);
    if (before >= wanted) return { address, grown: false };
    address = database.growValue(address, wanted);
  }
  const start = record.valueStartOf(heap, address);
  record.bytesOf(heap, address).fill(0, start + before, start + wanted);
  return { address, grown: true };
}
