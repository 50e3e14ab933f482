import type { Arguments } from "../../protocol/arguments.ts";
import { OptionReader } from "../options/option-reader.ts";

/** The options of SCAN, HSCAN, SSCAN and ZSCAN. */
export interface ScanOptions {
  /** Undefined when every name matches. */
  pattern: Uint8Array | undefined;
  /** About how many elements one call visits. */
  count: number;
  /** The wanted type in lower case; only SCAN has it. */
  type: string | undefined;
  /** Returns fields without their values; only HSCAN has it. */
  noValues: boolean;
}

/** An option that only one of the commands has. */
export type OwnScanOption = "type" | "novalues" | "none";

/** Reads the options from argument `first` on. Throws for an unknown, incomplete or invalid option. */
export function readScanOptions(args: Arguments, first: number, own: OwnScanOption): ScanOptions {
  const found: ScanOptions = { pattern: undefined, count: 10, type: undefined, noValues: false };
  const options = new OptionReader(args, first);
  while (options.next()) {
    if (options.is("count", 1)) {
      found.count = options.integer();
      if (found.count < 1) options.refuse();
    } else if (options.is("match", 1)) {
      const pattern = args.view(options.value());
      found.pattern = pattern.length === 1 && pattern[0] === 42 ? undefined : pattern;
    } else if (own === "type" && options.is("type", 1)) {
      found.type = args.latin1(options.value()).toLowerCase();
    } else if (own === "novalues" && options.is("novalues")) {
      found.noValues = true;
    } else {
      options.refuse();
    }
  }
  return found;
}
