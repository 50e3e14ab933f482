import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";

/** What SCAN, HSCAN, SSCAN and ZSCAN may ask for. */
export interface ScanOptions {
  /** Undefined for every name. */
  pattern: Uint8Array | undefined;
  /** About how many elements to visit. */
  count: number;
  /** Lower case; only SCAN has it. */
  type: string | undefined;
  /** Fields without their values; only HSCAN has it. */
  noValues: boolean;
}

/** The option that one of the commands has and the others have not. */
export type OwnScanOption = "type" | "novalues" | "none";

/** Reads the options from argument `index` on. Throws on one that is unknown, incomplete or wrong. */
export function readScanOptions(args: Arguments, index: number, own: OwnScanOption): ScanOptions {
  const options: ScanOptions = { pattern: undefined, count: 10, type: undefined, noValues: false };
  for (; index < args.count; index += 2) {
    if (own === "novalues" && args.is(index, "novalues")) {
      options.noValues = true;
      index--;
      continue;
    }
    if (index + 1 === args.count) throw new CommandError(errors.syntax);
    if (args.is(index, "count")) {
      options.count = args.integer(index + 1);
      if (options.count < 1) throw new CommandError(errors.syntax);
    } else if (args.is(index, "match")) {
      const pattern = args.view(index + 1);
      options.pattern = pattern.length === 1 && pattern[0] === 42 ? undefined : pattern;
    } else if (own === "type" && args.is(index, "type")) {
      options.type = args.latin1(index + 1).toLowerCase();
    } else {
      throw new CommandError(errors.syntax);
    }
  }
  return options;
}
