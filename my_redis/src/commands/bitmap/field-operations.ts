import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { parseSafeInteger } from "../../protocol/number-text.ts";
import { readBitOffset } from "./bit-string.ts";
import { OptionReader } from "../options/option-reader.ts";

export type Overflow = "wrap" | "sat" | "fail";

/** One GET, SET or INCRBY of BITFIELD. */
export interface FieldOperation {
  readonly kind: "get" | "set" | "incrby";
  /** Offset of the field's first bit. */
  readonly offset: number;
  /** Width of the field: 1 to 64 bits when signed, 1 to 63 when unsigned. */
  readonly bits: number;
  readonly signed: boolean;
  /** The new value or the increment; 0 for GET. */
  readonly operand: bigint;
  readonly overflow: Overflow;
}

const badType = "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.";
const letterI = 105;
const letterU = 117;

/** Reads all operations of BITFIELD or BITFIELD_RO. Throws for the first one that is invalid. */
export function readOperations(context: Context, args: Arguments): FieldOperation[] {
  const operations: FieldOperation[] = [];
  let overflow: Overflow = "wrap";
  const options = new OptionReader(args, 2);
  while (options.next()) {
    if (options.is("overflow", 1)) {
      overflow = readOverflow(args, options.value());
      continue;
    }
    const kind = readKind(options);
    const { signed, bits } = readType(args, options.value());
    const offset = readBitOffset(context, args, options.value(), bits);
    const operand = kind === "get" ? 0n : args.int64(options.value());
    operations.push({ kind, offset, bits, signed, operand, overflow });
  }
  return operations;
}

/** A subcommand that lacks arguments counts as unknown, as in Redis. */
function readKind(options: OptionReader): FieldOperation["kind"] {
  if (options.is("get", 2)) return "get";
  if (options.is("set", 3)) return "set";
  return options.is("incrby", 3) ? "incrby" : options.refuse();
}

function readOverflow(args: Arguments, index: number): Overflow {
  for (const overflow of ["wrap", "sat", "fail"] as const) if (args.is(index, overflow)) return overflow;
  throw new CommandError("ERR Invalid OVERFLOW type specified");
}

/** Reads a type such as "i16" or "u8". */
function readType(args: Arguments, index: number): { signed: boolean; bits: number } {
  const letter = args.buffer[args.start(index)];
  const signed = letter === letterI;
  const bits =
    args.length(index) < 2 ? Number.NaN : parseSafeInteger(args.buffer, args.start(index) + 1, args.end(index));
  const fits = bits >= 1 && bits <= (signed ? 64 : 63);
  if (!fits || (!signed && letter !== letterU)) throw new CommandError(badType);
  return { signed, bits };
}
