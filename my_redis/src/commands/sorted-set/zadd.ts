import { command } from "../../dispatch/command.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { parseDouble } from "../../values/double-text.ts";
import { replyScore } from "./score-reply.ts";
import { createSortedSet, findSortedSet, type SortedSetValue } from "../../collections/sorted-set-value.ts";

const keys = { first: 1, last: 1, step: 1 } as const;

interface AddOptions {
  readonly onlyNew: boolean;
  readonly onlyExisting: boolean;
  readonly onlyGreater: boolean;
  readonly onlyLess: boolean;
  /** Count the changed members, too. */
  readonly countChanged: boolean;
  readonly increment: boolean;
  /** Where the first score stands; members and scores take turns from there on. */
  readonly first: number;
}

const plainAdd: AddOptions = {
  onlyNew: false,
  onlyExisting: false,
  onlyGreater: false,
  onlyLess: false,
  countChanged: false,
  increment: false,
  first: 2,
};
const nine = 57;
const plainIncrement: AddOptions = { ...plainAdd, increment: true };

/** Reads the option words, which stand before the first score in any order. */
function readAddOptions(args: Arguments): AddOptions {
  // A score, mostly, and then there is nothing to read.
  const byte = args.buffer[args.start(2)] as number;
  if (args.length(2) > 0 && byte <= nine) return plainAdd;
  const found = { ...plainAdd };
  let first = 2;
  for (; first < args.count; first++) {
    if (args.is(first, "nx")) found.onlyNew = true;
    else if (args.is(first, "xx")) found.onlyExisting = true;
    else if (args.is(first, "gt")) found.onlyGreater = true;
    else if (args.is(first, "lt")) found.onlyLess = true;
    else if (args.is(first, "ch")) found.countChanged = true;
    else if (args.is(first, "incr")) found.increment = true;
    else break;
  }
  return first === 2 ? plainAdd : { ...found, first };
}

function checkOptions(args: Arguments, options: AddOptions): void {
  const words = args.count - options.first;
  if (words === 0 || words % 2 === 1) throw new CommandError(errors.syntax);
  if (options.onlyNew && options.onlyExisting) {
    throw new CommandError("ERR XX and NX options at the same time are not compatible");
  }
  const { onlyNew, onlyGreater, onlyLess } = options;
  if ((onlyGreater && onlyNew) || (onlyLess && onlyNew) || (onlyGreater && onlyLess)) {
    throw new CommandError("ERR GT, LT, and/or NX options at the same time are not compatible");
  }
  if (options.increment && words > 2) {
    throw new CommandError("ERR INCR option supports a single increment-element pair");
  }
}

/** A score that an argument spells. Throws for what is none. */
export function readScore(args: Arguments, index: number): number {
  const score = parseDouble(args.buffer, args.start(index), args.end(index));
  if (Number.isNaN(score)) throw new CommandError(errors.notFloat);
  return score;
}

/** What became of one member; `score` is then what it has now. */
type Outcome = "nothing" | "same" | "added" | "updated";
let score = 0;

function setMember(set: SortedSetValue, args: Arguments, index: number, given: number, options: AddOptions): Outcome {
  const { buffer } = args;
  const [start, end] = [args.start(index), args.end(index)];
  score = given;
  if (!set.find(buffer, start, end)) {
    if (options.onlyExisting) return "nothing";
    set.add(buffer, start, end, given);
    return "added";
  }
  if (options.onlyNew) return "nothing";
  const before = set.score;
  if (options.increment) {
    score = before + given;
    if (Number.isNaN(score)) throw new CommandError("ERR resulting score is not a number (NaN)");
  }
  if ((options.onlyLess && score >= before) || (options.onlyGreater && score <= before)) return "nothing";
  if (score === before) return "same";
  set.update(buffer, start, end, score);
  return "updated";
}

function run(
  context: Context,
  args: Arguments,
  options: AddOptions,
): { added: number; updated: number; last: Outcome } {
  // All scores first: an error in the last must come before any change.
  for (let index = options.first; index < args.count - 2; index += 2) readScore(args, index);
  const lastScore = readScore(args, args.count - 2);
  const found = findSortedSet(context.database, args);
  let [added, updated] = [0, 0];
  let last: Outcome = "nothing";
  if (found === undefined && options.onlyExisting) return { added, updated, last };
  const set = found ?? createSortedSet(context.database, args, 1);
  for (let index = options.first; index < args.count; index += 2) {
    const given = index === args.count - 2 ? lastScore : readScore(args, index);
    last = setMember(set, args, index + 1, given, options);
    if (last === "added") added++;
    else if (last === "updated") updated++;
  }
  if (added + updated > 0) context.database.changed(args, 1, options.increment ? "zincr" : "zadd");
  return { added, updated, last };
}

export const zadd = command({
  name: "ZADD",
  group: "sorted-set",
  since: "1.2.0",
  complexity: "O(log(N)) for each member, in a set of N.",
  summary: "Sets the scores of members of a sorted set, creating it if needed; gives how many are new.",
  flags: ["write", "denyoom", "fast"],
  arity: -4,
  keys,
  run(context, args, reply) {
    const options = readAddOptions(args);
    checkOptions(args, options);
    const { added, updated, last } = run(context, args, options);
    if (!options.increment) reply.integer(options.countChanged ? added + updated : added);
    else if (last === "nothing") reply.null();
    else replyScore(reply, score);
  },
});

export const zincrby = command({
  name: "ZINCRBY",
  group: "sorted-set",
  since: "1.2.0",
  complexity: "O(log(N)) in a set of N.",
  summary: "Adds to the score of a member of a sorted set; a member that is not there counts as 0.",
  flags: ["write", "denyoom", "fast"],
  arity: 4,
  keys,
  run(context, args, reply) {
    // An option in the place of the number leaves no member, as in Redis.
    if (readAddOptions(args).first !== plainIncrement.first) throw new CommandError(errors.syntax);
    run(context, args, plainIncrement);
    replyScore(reply, score);
  },
});
