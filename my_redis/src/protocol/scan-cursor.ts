import type { Arguments } from "./arguments.ts";
import { CommandError, errors } from "./command-error.ts";

const maxCursor = 18446744073709551615n;

/**
 * The cursor of SCAN and the like, as a number of 32 bits: ours have no more, and the rest of a cursor that a client
 * made up does not matter. Throws "invalid cursor" where strtoul would not have read it all.
 */
export function readCursor(args: Arguments, index: number): number {
  const text = args.latin1(index).split("\0", 1)[0] as string;
  if (text === "") return 0;
  if (!/^[+-]?\d+$/.test(text)) throw new CommandError(errors.invalidCursor);
  const cursor = BigInt(text.replace("+", ""));
  if (cursor > maxCursor || cursor < -maxCursor) throw new CommandError(errors.invalidCursor);
  return Number(BigInt.asUintN(32, cursor));
}
