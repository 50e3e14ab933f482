import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { type LexRange, ranksByName, readLexRange } from "./lex-range.ts";
import { type RankLimits, type RankRange, ranksWithin, readRankLimits } from "./rank-range.ts";
import { ranksByScore, readScoreRange, type ScoreRange } from "./score-range.ts";
import type { SortedSetValue } from "../../collections/sorted-set-value.ts";
import { OptionReader } from "../options/option-reader.ts";

/** How the limits of a range are read. */
export type RangeKind = "rank" | "score" | "name";

/** The part of the range that the command fixes. Options may set the rest. */
export interface RangeForm {
  readonly kind?: RangeKind;
  readonly backwards?: boolean;
  /** Set for ZRANGESTORE, which does not accept WITHSCORES. */
  readonly stores?: true;
}

export interface RangeOptions {
  readonly backwards: boolean;
  readonly withScores: boolean;
  readonly limits: Limits;
  /** LIMIT: skips `offset` members and takes `limit`; a negative limit takes all. */
  readonly offset: number;
  readonly limit: number;
}

type Limits =
  | { readonly kind: "rank"; readonly range: RankLimits }
  | { readonly kind: "score"; readonly range: ScoreRange }
  | { readonly kind: "name"; readonly range: LexRange };

interface Words {
  kind: RangeKind | undefined;
  backwards: boolean | undefined;
  withScores: boolean;
  offset: number;
  /** A negative number means all. */
  limit: number;
}

function readWords(args: Arguments, from: number, form: RangeForm): Words {
  const words: Words = { kind: form.kind, backwards: form.backwards, withScores: false, offset: 0, limit: -1 };
  const options = new OptionReader(args, from);
  while (options.next()) {
    if (form.stores !== true && options.is("withscores")) {
      words.withScores = true;
    } else if (options.is("limit", 2)) {
      words.offset = options.integer();
      words.limit = options.integer();
    } else if (words.backwards === undefined && options.is("rev")) {
      words.backwards = true;
    } else if (words.kind === undefined && options.is("bylex")) {
      words.kind = "name";
    } else if (words.kind === undefined && options.is("byscore")) {
      words.kind = "score";
    } else {
      options.refuse();
    }
  }
  return words;
}

/** Reads a range from the arguments `first` and `first + 1`, and the options behind them. */
export function readRange(args: Arguments, first: number, form: RangeForm): RangeOptions {
  const words = readWords(args, first + 2, form);
  const { kind = "rank", backwards = false, withScores, offset, limit } = words;
  if (limit !== -1 && kind === "rank") {
    throw new CommandError("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
  }
  if (withScores && kind === "name") {
    throw new CommandError("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
  }
  return { backwards, withScores, limits: readLimits(args, first, kind, backwards), offset, limit };
}

function readLimits(args: Arguments, first: number, kind: RangeKind, backwards: boolean): Limits {
  if (kind === "rank") return { kind, range: readRankLimits(args, first) };
  // The arguments of a reversed range name its higher end first.
  const [min, max] = backwards ? [first + 1, first] : [first, first + 1];
  if (kind === "score") return { kind, range: readScoreRange(args, min, max) };
  return { kind, range: readLexRange(args, min, max) };
}

/** The ranks of a range in a set, with LIMIT applied. */
export function ranksIn({ limits, backwards, offset, limit }: RangeOptions, set: SortedSetValue): RankRange {
  if (limits.kind === "rank") return ranksWithin(limits.range, set.size, backwards);
  const ranks = limits.kind === "score" ? ranksByScore(set, limits.range) : ranksByName(set, limits.range);
  return limited(ranks, offset, limit, backwards);
}

/** Applies LIMIT: skips `offset` members, and takes `limit` of the rest. */
function limited({ from, to }: RankRange, offset: number, limit: number, backwards: boolean): RankRange {
  const size = to - from;
  // As in Redis, a negative offset makes the range empty.
  const skipped = offset < 0 ? size : Math.min(offset, size);
  const taken = limit < 0 ? size - skipped : Math.min(limit, size - skipped);
  return backwards
    ? { from: to - skipped - taken, to: to - skipped }
    : { from: from + skipped, to: from + skipped + taken };
}
