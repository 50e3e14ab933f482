import type { Arguments } from "../../protocol/arguments.ts";
import { OptionReader } from "../options/option-reader.ts";

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

/** Reads the options from argument `first` on. Throws on one that is unknown, incomplete or wrong. */
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
