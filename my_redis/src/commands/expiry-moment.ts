import type { Command } from "../dispatch/command.ts";
import type { Context } from "../dispatch/context.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { CommandError, errors } from "../protocol/command-error.ts";
import { maxInt64, minInt64 } from "../protocol/number-text.ts";

/** Up to this many milliseconds our sums and products are exact in a double: the year 144683. */
const exactMs = 4_503_599_627_370_496;
/** The greatest 64-bit integer that a double can hold. */
const greatestMs = 9_223_372_036_854_774_784;

/**
 * The moment, in Unix milliseconds, that lies the argument's duration after `baseMs`. It may lie in the past. Throws
 * when the argument is not an integer, or when the moment needs more than 64 bits. Moments beyond 2^53 are rounded.
 */
export function addToMoment(context: Context, args: Arguments, index: number, unitMs: number, baseMs: number): number {
  const moment = args.integer(index) * unitMs;
  if (Math.abs(moment) < exactMs) return moment + baseMs;
  const exact = args.int64(index) * BigInt(unitMs);
  if (exact < minInt64 || exact > maxInt64 - BigInt(baseMs)) throw invalidExpire(context);
  return Math.min(Number(exact + BigInt(baseMs)), greatestMs);
}

/** Like `addToMoment`, but throws for a duration of zero or less, as SET, GETEX and others require. */
export function addPositiveToMoment(
  context: Context,
  args: Arguments,
  index: number,
  unitMs: number,
  baseMs: number,
): number {
  if (args.integer(index) <= 0) throw invalidExpire(context);
  return addToMoment(context, args, index, unitMs, baseMs);
}

const invalidExpire = (context: Context): CommandError =>
  new CommandError(errors.invalidExpire((context.command as Command).fullName));
