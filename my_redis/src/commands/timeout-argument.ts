import type { Arguments } from "../protocol/arguments.ts";
import { CommandError } from "../protocol/command-error.ts";
import { parseLongDouble } from "../values/long-double.ts";

const notFloat = "ERR timeout is not a float or out of range";
const outOfRange = "ERR timeout is out of range";
const maxMs = 2 ** 63;

/**
 * Reads how long a command may wait: seconds, possibly with a fraction, returned as milliseconds; 0 means for ever.
 * Throws when the argument is not a number, is negative, or ends later than 64 bits of milliseconds can hold.
 */
export function readTimeoutSeconds(args: Arguments, index: number, nowMs: number): number {
  const text = args.latin1(index);
  const value = parseLongDouble(text);
  if (value === undefined) throw new CommandError(notFloat);
  const seconds = value.infinite ? (value.mantissa < 0n ? -Infinity : Infinity) : Number(text);
  // Number() does not read every form that strtold reads, such as hexadecimal with an exponent.
  const milliseconds = Math.ceil(
    (Number.isNaN(seconds) ? Number(value.mantissa) * 2 ** value.exponent : seconds) * 1000,
  );
  if (milliseconds >= maxMs) throw new CommandError(outOfRange);
  if (milliseconds < 0) throw new CommandError("ERR timeout is negative");
  if (milliseconds > maxMs - nowMs) throw new CommandError(outOfRange);
  return milliseconds;
}
