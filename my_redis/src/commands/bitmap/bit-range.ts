import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";

/** The bits [first, end) of a string. */
export interface BitRange {
  readonly first: number;
  readonly end: number;
}

/** Whether a range counts bits: true for "BIT", false for "BYTE". Throws for any other word. */
export function readUnit(args: Arguments, index: number): boolean {
  if (args.is(index, "bit")) return true;
  if (args.is(index, "byte")) return false;
  throw new CommandError(errors.syntax);
}

/** A range of whole bytes or of bits. Negative ends count from the end of a string of `length` bytes. */
export function resolveRange(start: number, end: number, length: number, inBits: boolean): BitRange {
  const total = inBits ? length * 8 : length;
  const first = Math.max(0, start < 0 ? total + start : start);
  const last = Math.min(total - 1, Math.max(0, end < 0 ? total + end : end));
  if (first > last) return { first: 0, end: 0 };
  return inBits ? { first, end: last + 1 } : { first: first * 8, end: (last + 1) * 8 };
}
