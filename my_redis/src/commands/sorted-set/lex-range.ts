import type { Arguments } from "../../protocol/arguments.ts";
import type { LexLimit } from "../../values/sorted-set/lex-limit.ts";
import { CommandError } from "../../protocol/command-error.ts";
import type { RankRange } from "./rank-range.ts";
import type { SortedSetValue } from "../../collections/sorted-set-value.ts";

export interface LexRange {
  readonly min: LexLimit;
  readonly max: LexLimit;
}

const [plus, minus, open, bracket] = [43, 45, 40, 91];

/** Reads the two limits. */
export function readLexRange(args: Arguments, minIndex: number, maxIndex: number): LexRange {
  return { min: readLimit(args, minIndex), max: readLimit(args, maxIndex) };
}

function readLimit(args: Arguments, index: number): LexLimit {
  const bytes = args.view(index);
  const first = bytes[0];
  if (first === plus && bytes.length === 1) return { kind: "highest" };
  if (first === minus && bytes.length === 1) return { kind: "lowest" };
  if (first === open || first === bracket) return { kind: "name", bytes: bytes.subarray(1), exclusive: first === open };
  throw new CommandError("ERR min or max not valid string range item");
}

/** The ranks of the members within the range. The result is defined only when all scores are equal. */
export function ranksByName(set: SortedSetValue, { min, max }: LexRange): RankRange {
  const from = set.countBeforeName(min, min.kind === "name" && min.exclusive);
  const to = set.countBeforeName(max, max.kind === "name" && !max.exclusive);
  return { from, to: Math.max(from, to) };
}
