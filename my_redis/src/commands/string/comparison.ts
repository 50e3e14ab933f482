import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { stringBytes } from "../../collections/string-value.ts";
import type { Address } from "../../memory/heap.ts";
import type { ByteRange } from "../../memory/byte-range.ts";
import { xxh3 } from "../../values/xxh3.ts";

/** A condition on the string that a key holds: its bytes or their digest are these, or are not. */
export type Comparison = "ifeq" | "ifne" | "ifdeq" | "ifdne";

/**
 * Whether the string at `address` meets the condition, whose operand is the argument at `index`. Throws CommandError for an
 * operand that is no digest. A missing key (address 0) equals nothing.
 */
export function meets(
  { keyspace }: Context,
  args: Arguments,
  address: Address,
  comparison: Comparison,
  index: number,
): boolean {
  const wantsEqual = comparison === "ifeq" || comparison === "ifdeq";
  if (address === 0) return !wantsEqual;
  const { bytes, start, end } = stringBytes(keyspace.heap, address);
  const operand = args.view(index);
  if (comparison === "ifeq" || comparison === "ifne") {
    const isEqual = operand.length === end - start && Buffer.compare(operand, bytes.subarray(start, end)) === 0;
    return isEqual === wantsEqual;
  }
  const text = args.latin1(index);
  if (!/^[0-9a-f]{16}$/i.test(text)) throw new CommandError("ERR digest must be exactly 16 hexadecimal characters");
  return (digestOf({ bytes, start, end }) === text.toLowerCase()) === wantsEqual;
}

/** XXH3 of a string, as 16 hexadecimal digits. */
export function digestOf({ bytes, start, end }: ByteRange): string {
  const hash = typeof Bun === "undefined" ? xxh3(bytes, start, end) : Bun.hash.xxHash3(bytes.subarray(start, end));
  return hash.toString(16).padStart(16, "0");
}
