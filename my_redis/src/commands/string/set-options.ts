import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { addPositiveToMoment } from "../expiry-moment.ts";

/** Options of SET and GETEX as bits. */
export const option = {
  nx: 1,
  xx: 2,
  get: 4,
  keepTtl: 8,
  persist: 16,
  ex: 32,
  px: 64,
  exAt: 128,
  pxAt: 256,
} as const;

const timed = option.ex | option.px | option.exAt | option.pxAt;
const ofExpiry = timed | option.keepTtl | option.persist;
export const setOptions = option.nx | option.xx | option.get | option.keepTtl | timed;
export const getExOptions = option.persist | timed;

export interface StringOptions {
  /** Bits of `option`. */
  flags: number;
  /** The argument that holds the time; 0 when none was given. */
  timeIndex: number;
}
const shared: StringOptions = { flags: 0, timeIndex: 0 };

/** Reads the options from argument `index` on, of those allowed. The object is shared: read it before the next call. */
export function readOptions(args: Arguments, index: number, allowed: number): StringOptions {
  let flags = 0;
  shared.timeIndex = 0;
  for (; index < args.count; index++) {
    const flag = flagOf(args, index) & allowed;
    if (flag === 0 || (flags & rivalsOf(flag)) !== 0) throw new CommandError(errors.syntax);
    flags |= flag;
    if ((flag & timed) === 0) continue;
    if (++index === args.count) throw new CommandError(errors.syntax);
    // Of EX given twice the second counts, as in Redis.
    shared.timeIndex = index;
  }
  shared.flags = flags;
  return shared;
}

function flagOf(args: Arguments, index: number): number {
  switch (args.length(index)) {
    case 2:
      if (args.is(index, "ex")) return option.ex;
      if (args.is(index, "px")) return option.px;
      if (args.is(index, "nx")) return option.nx;
      return args.is(index, "xx") ? option.xx : 0;
    case 3:
      return args.is(index, "get") ? option.get : 0;
    case 4:
      if (args.is(index, "exat")) return option.exAt;
      return args.is(index, "pxat") ? option.pxAt : 0;
    default:
      if (args.is(index, "keepttl")) return option.keepTtl;
      return args.is(index, "persist") ? option.persist : 0;
  }
}

/** Options that may not stand beside this one. */
function rivalsOf(flag: number): number {
  if (flag === option.nx) return option.xx;
  if (flag === option.xx) return option.nx;
  return flag === option.get ? 0 : ofExpiry & ~flag;
}

/** The moment that a time option names, Unix milliseconds. Throws when it is no time that can be. */
export function readMoment(context: Context, args: Arguments, flags: number, timeIndex: number): number {
  const unitMs = (flags & (option.ex | option.exAt)) !== 0 ? 1000 : 1;
  const baseMs = (flags & (option.ex | option.px)) !== 0 ? context.now : 0;
  return addPositiveToMoment(context, args, timeIndex, unitMs, baseMs);
}
