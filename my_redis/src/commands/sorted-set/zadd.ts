import { command } from "../../dispatch/command.ts";
import { firstKey, keyAt } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import { encoding, kindOf, valueType } from "../../memory/record.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { parseDouble } from "../../values/double-text.ts";
import { replyScore } from "./score-reply.ts";
import { createSortedSet, findSortedSet, type SortedSetValue } from "../../collections/sorted-set-value.ts";
import { storePacked } from "../../collections/store-packed.ts";
import { ElementRun } from "../../values/element-run.ts";
import type { SortedSet } from "../../values/sorted-set/sorted-set.ts";
import { OptionReader } from "../options/option-reader.ts";

interface AddOptions {
  readonly onlyNew: boolean;
  readonly onlyExisting: boolean;
  readonly onlyGreater: boolean;
  readonly onlyLess: boolean;
  /** CH: counts changed members, too. */
  readonly countChanged: boolean;
  readonly increment: boolean;
  /** Position of the first score. Scores and members alternate from there on. */
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
const largeKind = valueType.sortedSet | (encoding.object << 4);
const plainIncrement: AddOptions = { ...plainAdd, increment: true };

/** Reads the options, which stand before the first score in any order. */
function readAddOptions(args: Arguments): AddOptions {
  // Most requests have a score here, hence no options to read.
  const byte = args.buffer[args.start(2)] as number;
  if (args.length(2) > 0 && byte <= nine) return plainAdd;
  const found = { ...plainAdd };
  const options = new OptionReader(args, plainAdd.first);
  while (options.next()) {
    if (options.is("nx")) found.onlyNew = true;
    else if (options.is("xx")) found.onlyExisting = true;
    else if (options.is("gt")) found.onlyGreater = true;
    else if (options.is("lt")) found.onlyLess = true;
    else if (options.is("ch")) found.countChanged = true;
    else if (options.is("incr")) found.increment = true;
    else break;
  }
  return options.index === plainAdd.first ? plainAdd : { ...found, first: options.index };
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

/** Reads a score. Throws when the argument is not one. */
export function readScore(args: Arguments, index: number): number {
  const score = parseDouble(args.buffer, args.start(index), args.end(index));
  if (Number.isNaN(score)) throw new CommandError(errors.notFloat);
  return score;
}

type Outcome = "nothing" | "same" | "added" | "updated";

/** Counts members, and holds the outcome and the new score of the last one. */
interface AddResult {
  added: number;
  updated: number;
  last: Outcome;
  score: number;
}

/** Sets one member. Its new score goes into the result. */
function setMember(
  set: SortedSetValue,
  args: Arguments,
  index: number,
  given: number,
  options: AddOptions,
  result: AddResult,
): Outcome {
  const { buffer } = args;
  const [start, end] = [args.start(index), args.end(index)];
  let score = given;
  result.score = score;
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
    result.score = score;
  }
  if ((options.onlyLess && score >= before) || (options.onlyGreater && score <= before)) return "nothing";
  if (score === before) return "same";
  set.update(buffer, start, end, score);
  return "updated";
}

const packed = new ElementRun();
/** From so many words of scores and members on, it is worth packing them all at once. */
const manyWords = 8;

/**
 * Creates a sorted set of all members of a request, if it is packed and no member is there twice. False when the key is
 * there, be it expired: an invalid score must not remove it.
 */
function createPackedSet({ database }: Context, args: Arguments): boolean {
  const { keys, keyspace } = database;
  const { buffer } = args;
  const [start, end] = [args.start(1), args.end(1)];
  if (keys.find(keyspace.hasher.hash(buffer, start, end), buffer, start, end) !== 0) return false;
  return packed.pack(args, plainAdd.first) && packed.orderByScore() && storePacked(database, args, "sortedSet", packed);
}

function run(context: Context, args: Arguments, options: AddOptions): AddResult {
  if (options === plainAdd && args.count >= plainAdd.first + manyWords && createPackedSet(context, args)) {
    const added = args.count / 2 - 1;
    context.database.changed(args, 1, "zadd", added);
    return { added, updated: 0, last: "added", score: 0 };
  }
  // All scores are read first, because an error in the last one must prevent every change.
  for (let index = options.first; index < args.count - 2; index += 2) readScore(args, index);
  const lastScore = readScore(args, args.count - 2);
  const found = findSortedSet(context.database, args);
  const result: AddResult = { added: 0, updated: 0, last: "nothing", score: 0 };
  if (found === undefined && options.onlyExisting) return result;
  const set = found ?? createSortedSet(context.database, args, 1);
  for (let index = options.first; index < args.count; index += 2) {
    const given = index === args.count - 2 ? lastScore : readScore(args, index);
    result.last = setMember(set, args, index + 1, given, options, result);
    if (result.last === "added") result.added++;
    else if (result.last === "updated") result.updated++;
  }
  const changes = result.added + result.updated;
  if (changes > 0) context.database.changed(args, 1, options.increment ? "zincr" : "zadd", changes);
  return result;
}

export const zadd = command({
  name: "ZADD",
  group: "sorted-set",
  since: "1.2.0",
  complexity: "O(log(N)) for each member, in a set of N.",
  summary: "Sets the scores of members of a sorted set, creating it if needed; gives how many are new.",
  syntax: "key [NX | XX] [GT | LT] [CH] [INCR] {score:double member}...",
  flags: ["write", "denyoom", "fast"],
  keys: keyAt(1, "RW update"),
  run(context, args, reply) {
    const options = readAddOptions(args);
    checkOptions(args, options);
    const { added, updated, last, score } = run(context, args, options);
    if (!options.increment) reply.integer(options.countChanged ? added + updated : added);
    else if (last === "nothing") reply.null();
    else replyScore(reply, score);
  },
  /** Members of a large sorted set. */
  load({ database, keyspace }, args, keyHash) {
    const { buffer, count } = args;
    const address = count % 2 === 0 ? database.loading(args, keyHash) : 0;
    if (address === 0 || kindOf(keyspace.heap, address) !== largeKind) return false;
    // All scores are read first: an error, or an option in the place of the first score, must prevent every change.
    for (let index = 2; index < count; index += 2) {
      if (Number.isNaN(parseDouble(buffer, args.start(index), args.end(index)))) return false;
    }
    const set = database.objectOf(address) as SortedSet;
    for (let index = 2; index < count; index += 2) {
      const score = parseDouble(buffer, args.start(index), args.end(index));
      if (set.set(buffer, args.start(index + 1), args.end(index + 1), score)) keyspace.dirty++;
    }
    return true;
  },
});

export const zincrby = command({
  name: "ZINCRBY",
  group: "sorted-set",
  since: "1.2.0",
  complexity: "O(log(N)) in a set of N.",
  summary: "Adds to the score of a member of a sorted set; a missing member counts as 0.",
  syntax: "key increment:integer member",
  flags: ["write", "denyoom", "fast"],
  keys: firstKey,
  run(context, args, reply) {
    // Redis accepts ZADD's options in ZINCRBY, too. An option in place of the increment leaves a member missing.
    if (readAddOptions(args).first !== plainIncrement.first) throw new CommandError(errors.syntax);
    replyScore(reply, run(context, args, plainIncrement).score);
  },
});
