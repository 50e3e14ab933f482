import type { Arguments } from "../../protocol/arguments.ts";

/** The ranks [from, to), counted from the lowest member. */
export interface RankRange {
  readonly from: number;
  readonly to: number;
}

/** First and last rank as the client sent them. Negative ranks count from the end. */
export interface RankLimits {
  readonly first: number;
  readonly last: number;
}

export function readRankLimits(args: Arguments, firstIndex: number): RankLimits {
  return { first: args.integer(firstIndex), last: args.integer(firstIndex + 1) };
}

/** The ranks in a set of this size. `backwards` counts from the highest member. */
export function ranksWithin({ first, last }: RankLimits, size: number, backwards: boolean): RankRange {
  const from = Math.max(0, first < 0 ? size + first : first);
  const to = Math.min(size, (last < 0 ? size + last : last) + 1);
  if (from >= to) return { from: 0, to: 0 };
  return backwards ? { from: size - to, to: size - from } : { from, to };
}
