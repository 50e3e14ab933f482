import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { addPositiveToMoment } from "../expiry-moment.ts";
import { OptionReader } from "../options/option-reader.ts";
import type { Comparison } from "./comparison.ts";

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
  ifEq: 512,
  ifNe: 1024,
  ifDeq: 2048,
  ifDne: 4096,
} as const;

const timed = option.ex | option.px | option.exAt | option.pxAt;
const ofExpiry = timed | option.keepTtl | option.persist;
export const setOptions = option.nx | option.xx | option.get | option.keepTtl | timed;
export const getExOptions = option.persist | timed;
export const msetExOptions = setOptions & ~option.get;

/** The comparisons of Redis 8.4. */
export const comparing = option.ifEq | option.ifNe | option.ifDeq | option.ifDne;
const conditional = option.nx | option.xx | comparing;

export interface StringOptions {
  /** Bits of `option`. */
  readonly flags: number;
  /** Position of the argument that holds the time; 0 when not given. */
  readonly timeIndex: number;
  /** Position of the operand of IFEQ and the like; 0 when not given. */
  readonly operandIndex: number;
}

/** Reads the options from argument `first` on. Only those in `allowed` are accepted. */
export function readOptions(args: Arguments, first: number, allowed: number): StringOptions {
  let flags = 0;
  let timeIndex = 0;
  let operandIndex = 0;
  const options = new OptionReader(args, first);
  while (options.next()) {
    const flag = flagOf(options) & allowed;
    if (flag === 0 || (flags & rivalsOf(flag)) !== 0) options.refuse();
    flags |= flag;
    // As in Redis, a repeated EX replaces the first one.
    if ((flag & timed) !== 0) timeIndex = options.value();
    if ((flag & comparing) !== 0) operandIndex = options.value();
  }
  return { flags, timeIndex, operandIndex };
}

function flagOf(options: OptionReader): number {
  if (options.is("ex", 1)) return option.ex;
  if (options.is("px", 1)) return option.px;
  if (options.is("nx")) return option.nx;
  if (options.is("xx")) return option.xx;
  if (options.is("get")) return option.get;
  if (options.is("exat", 1)) return option.exAt;
  if (options.is("pxat", 1)) return option.pxAt;
  if (options.is("keepttl")) return option.keepTtl;
  if (options.is("persist")) return option.persist;
  if (options.is("ifeq", 1)) return option.ifEq;
  if (options.is("ifne", 1)) return option.ifNe;
  if (options.is("ifdeq", 1)) return option.ifDeq;
  return options.is("ifdne", 1) ? option.ifDne : 0;
}

/** The comparison among the options; undefined for none. */
export function comparisonIn(flags: number): Comparison | undefined {
  if ((flags & comparing) === 0) return undefined;
  if ((flags & option.ifEq) !== 0) return "ifeq";
  if ((flags & option.ifNe) !== 0) return "ifne";
  return (flags & option.ifDeq) !== 0 ? "ifdeq" : "ifdne";
}

/** Options that may not be combined with this one. */
function rivalsOf(flag: number): number {
  // NX may be repeated, a comparison may not: which of its operands would count?
  if ((flag & conditional) !== 0) return conditional & ~(flag & (option.nx | option.xx));
  return flag === option.get ? 0 : ofExpiry & ~flag;
}

/** The moment that a time option states, in Unix milliseconds. Throws when it is out of range. */
export function readMoment(context: Context, args: Arguments, flags: number, timeIndex: number): number {
  const unitMs = (flags & (option.ex | option.exAt)) !== 0 ? 1000 : 1;
  const baseMs = (flags & (option.ex | option.px)) !== 0 ? context.now : 0;
  return addPositiveToMoment(context, args, timeIndex, unitMs, baseMs);
}
