import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { ranksByName, readLexRange } from "./lex-range.ts";
import { type RankRange, ranksWithin, readRankLimits } from "./rank-range.ts";
import { ranksByScore, readScoreRange } from "./score-range.ts";
import type { SortedSetValue } from "./sorted-set-value.ts";

/** What a range of a sorted set goes by. */
export type RangeKind = "rank" | "score" | "name";

/** What the command itself says of the range; what it leaves open, options may say. */
export interface RangeForm {
  readonly kind?: RangeKind;
  readonly backwards?: boolean;
  /** ZRANGESTORE, which takes no WITHSCORES. */
  readonly stores?: true;
}

export interface RangeOptions {
  readonly backwards: boolean;
  readonly withScores: boolean;
  /** The ranks that are meant in a set, LIMIT included. */
  readonly ranksIn: (set: SortedSetValue) => RankRange;
}

interface Words {
  kind: RangeKind | undefined;
  backwards: boolean | undefined;
  withScores: boolean;
  offset: number;
  /** Less than 0 for all. */
  limit: number;
}

function readWords(args: Arguments, from: number, form: RangeForm): Words {
  const words: Words = { kind: form.kind, backwards: form.backwards, withScores: false, offset: 0, limit: -1 };
  for (let index = from; index < args.count; index++) {
    if (form.stores !== true && args.is(index, "withscores")) {
      words.withScores = true;
    } else if (args.is(index, "limit") && index + 2 < args.count) {
      words.offset = args.integer(index + 1);
      words.limit = args.integer(index + 2);
      index += 2;
    } else if (words.backwards === undefined && args.is(index, "rev")) {
      words.backwards = true;
    } else if (words.kind === undefined && args.is(index, "bylex")) {
      words.kind = "name";
    } else if (words.kind === undefined && args.is(index, "byscore")) {
      words.kind = "score";
    } else {
      throw new CommandError(errors.syntax);
    }
  }
  return words;
}

/** Reads a range whose limits are the arguments `first` and `first + 1`, and the options behind them. */
export function readRange(args: Arguments, first: number, form: RangeForm): RangeOptions {
  const words = readWords(args, first + 2, form);
  const { kind = "rank", backwards = false, withScores, offset, limit } = words;
  if (limit !== -1 && kind === "rank") {
    throw new CommandError("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
  }
  if (withScores && kind === "name") {
    throw new CommandError("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
  }
  const ranksOf = readLimits(args, first, kind, backwards);
  const ranksIn = (set: SortedSetValue): RankRange =>
    kind === "rank" ? ranksOf(set) : limited(ranksOf(set), offset, limit, backwards);
  return { backwards, withScores, ranksIn };
}

function readLimits(
  args: Arguments,
  first: number,
  kind: RangeKind,
  backwards: boolean,
): (set: SortedSetValue) => RankRange {
  if (kind === "rank") {
    const limits = readRankLimits(args, first);
    return (set) => ranksWithin(limits, set.size, backwards);
  }
  // A range that is gone through backwards names its higher end first.
  const [min, max] = backwards ? [first + 1, first] : [first, first + 1];
  if (kind === "score") {
    const range = readScoreRange(args, min, max);
    return (set) => ranksByScore(set, range);
  }
  const range = readLexRange(args, min, max);
  return (set) => ranksByName(set, range);
}

/** LIMIT: passes over `offset` members, and takes `limit` of them. */
function limited({ from, to }: RankRange, offset: number, limit: number, backwards: boolean): RankRange {
  const size = to - from;
  // As in Redis, a negative offset passes over all of them.
  const skipped = offset < 0 ? size : Math.min(offset, size);
  const taken = limit < 0 ? size - skipped : Math.min(limit, size - skipped);
  return backwards
    ? { from: to - skipped - taken, to: to - skipped }
    : { from: from + skipped, to: from + skipped + taken };
}
