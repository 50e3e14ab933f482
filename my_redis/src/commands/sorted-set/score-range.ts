import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { parseDouble, parseLimit } from "../../values/double-text.ts";
import type { RankRange } from "./rank-range.ts";
import type { SortedSetValue } from "../../collections/sorted-set-value.ts";

/** A range of scores. Each limit is inclusive or exclusive. */
export interface ScoreRange {
  readonly min: number;
  readonly minExclusive: boolean;
  readonly max: number;
  readonly maxExclusive: boolean;
}

const open = 40;

/** Reads the limits: "5", or "(5" for an exclusive one. */
export function readScoreRange(args: Arguments, minIndex: number, maxIndex: number): ScoreRange {
  const minExclusive = isExclusive(args, minIndex);
  const maxExclusive = isExclusive(args, maxIndex);
  const min = readLimit(args, minIndex, minExclusive);
  const max = readLimit(args, maxIndex, maxExclusive);
  return { min, minExclusive, max, maxExclusive };
}

const isExclusive = (args: Arguments, index: number): boolean =>
  args.length(index) > 0 && args.buffer[args.start(index)] === open;

function readLimit(args: Arguments, index: number, exclusive: boolean): number {
  if (!exclusive && args.is(index, "+inf")) return Number.POSITIVE_INFINITY;
  if (!exclusive && args.is(index, "-inf")) return Number.NEGATIVE_INFINITY;
  const plain = parseDouble(args.buffer, args.start(index) + (exclusive ? 1 : 0), args.end(index));
  if (!Number.isNaN(plain)) return plain;
  // Some limits are not valid as scores. They are rare, so they are parsed as text.
  const limit = parseLimit(args.latin1(index).slice(exclusive ? 1 : 0));
  if (Number.isNaN(limit)) throw new CommandError("ERR min or max is not a float");
  return limit;
}

/** The ranks of the members within the range. */
export function ranksByScore(set: SortedSetValue, range: ScoreRange): RankRange {
  const from = set.countBelow(range.min, range.minExclusive);
  const isOpen = range.max === Number.POSITIVE_INFINITY && !range.maxExclusive;
  const to = isOpen ? set.size : set.countBelow(range.max, !range.maxExclusive);
  return { from, to: Math.max(from, to) };
}
