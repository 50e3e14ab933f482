import type { Command } from "../../dispatch/command.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { OptionReader } from "../options/option-reader.ts";

/** The latest expiry that a field can have, in Unix milliseconds: the year 4199. */
const latestMs = 2 ** 46 - 1;

export const notPositive = "ERR Number of fields must be a positive integer";

/**
 * Reads "FIELDS numfields" at argument `index`. Returns the position of the first field. All later arguments are
 * fields.
 */
export function readFields(args: Arguments, index: number, notPositiveMessage: string = notPositive): number {
  if (index >= args.count || !args.is(index, "fields")) {
    throw new CommandError("ERR Mandatory argument FIELDS is missing or not at the right position");
  }
  const count = index + 1 < args.count ? args.integer(index + 1, notPositiveMessage) : 0;
  if (count < 1) throw new CommandError(notPositiveMessage);
  const first = index + 2;
  if (count !== args.count - first) {
    throw new CommandError("ERR The `numfields` parameter must match the number of arguments");
  }
  return first;
}

/** How an argument states a time. */
export interface TimeForm {
  readonly unitMs: 1 | 1000;
  /** Whether it counts from now on; otherwise it is a Unix time. */
  readonly isRelative: boolean;
}

export const timeForms = {
  ex: { unitMs: 1000, isRelative: true },
  px: { unitMs: 1, isRelative: true },
  exat: { unitMs: 1000, isRelative: false },
  pxat: { unitMs: 1, isRelative: false },
} as const satisfies Readonly<Record<string, TimeForm>>;

/** The form of the current option: EX, PX, EXAT or PXAT; undefined for any other option. */
export function timeFormOf(options: OptionReader): TimeForm | undefined {
  if (options.is("ex")) return timeForms.ex;
  if (options.is("px")) return timeForms.px;
  if (options.is("exat")) return timeForms.exat;
  return options.is("pxat") ? timeForms.pxat : undefined;
}

/** The moment in argument `index`, in Unix milliseconds. Throws when a field cannot have this expiry. */
export function readFieldTime(context: Context, args: Arguments, index: number, form: TimeForm): number {
  const value = args.integer(index);
  if (value < 0) throw new CommandError("ERR invalid expire time, must be >= 0");
  const baseMs = form.isRelative ? context.now : 0;
  const atMs = value * form.unitMs + baseMs;
  if (atMs <= latestMs) return atMs;
  throw new CommandError(errors.invalidExpire((context.command as Command).fullName));
}

/** The fields from argument `first` on, `step` apart. */
export function fieldViews(args: Arguments, first: number, step = 1): Uint8Array[] {
  const fields: Uint8Array[] = [];
  for (let index = first; index < args.count; index += step) fields.push(args.view(index));
  return fields;
}
