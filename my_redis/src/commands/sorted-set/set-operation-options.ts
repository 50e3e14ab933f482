import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { parseDouble } from "../../values/double-text.ts";
import { OptionReader } from "../options/option-reader.ts";

/** How the scores of a member in several sets are combined. */
export type Aggregate = "sum" | "min" | "max";

export type SetOperation = "union" | "inter" | "diff";

/** The arguments that a command of this family accepts. */
export interface OperationForm {
  /** The command's name as errors print it. */
  readonly name: string;
  readonly operation: SetOperation;
  /** Whether argument 1 is the destination key, with the number of keys behind it. */
  readonly stores?: true;
  /** Set for ZINTERCARD, which only counts the members. */
  readonly counts?: true;
}

export interface OperationOptions {
  readonly keys: readonly number[];
  readonly weights: readonly number[];
  readonly aggregate: Aggregate;
  readonly withScores: boolean;
  /** Infinity for no limit. */
  readonly limit: number;
}

/**
 * The positions of the keys, whose number is argument `index`. Throws when the number is zero, or exceeds the
 * arguments.
 */
export function readKeys(args: Arguments, index: number, name: string): number[] {
  const count = args.integer(index);
  if (count < 1) throw new CommandError(`ERR at least 1 input key is needed for '${name}' command`);
  if (count > args.count - index - 1) throw new CommandError(errors.syntax);
  return Array.from({ length: count }, (_, number) => index + 1 + number);
}

const aggregates: readonly Aggregate[] = ["sum", "min", "max"];

/** Reads the options behind the keys. */
export function readOptions(args: Arguments, keys: readonly number[], form: OperationForm): OperationOptions {
  let weights = keys.map(() => 1);
  let aggregate: Aggregate = "sum";
  let withScores = false;
  let limit = 0;
  const scored = form.operation !== "diff" && form.counts !== true;
  const options = new OptionReader(args, (keys.at(-1) as number) + 1);
  while (options.next()) {
    if (scored && options.is("weights", keys.length)) {
      weights = keys.map(() => readWeight(args, options.value()));
    } else if (scored && options.is("aggregate", 1)) {
      aggregate = readAggregate(args, options.value());
    } else if (form.stores !== true && form.counts !== true && options.is("withscores")) {
      withScores = true;
    } else if (form.counts === true && options.is("limit", 1)) {
      limit = readLimit(args, options.value());
    } else {
      options.refuse();
    }
  }
  return { keys, weights, aggregate, withScores, limit: limit === 0 ? Number.POSITIVE_INFINITY : limit };
}

function readWeight(args: Arguments, index: number): number {
  const weight = parseDouble(args.buffer, args.start(index), args.end(index));
  if (Number.isNaN(weight)) throw new CommandError("ERR weight value is not a float");
  return weight;
}

function readAggregate(args: Arguments, index: number): Aggregate {
  const found = aggregates.find((name) => args.is(index, name));
  if (found === undefined) throw new CommandError(errors.syntax);
  return found;
}

function readLimit(args: Arguments, index: number): number {
  const message = "ERR LIMIT can't be negative";
  const limit = args.integer(index, message);
  if (limit < 0) throw new CommandError(message);
  return limit;
}

/** Combines two scores. As in Redis, infinities of opposite signs add up to 0. */
export function combine(aggregate: Aggregate, before: number, score: number): number {
  if (aggregate === "sum") return orZero(before + score);
  if (aggregate === "min") return score < before ? score : before;
  return score > before ? score : before;
}

export const orZero = (score: number): number => (Number.isNaN(score) ? 0 : score);
