import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { maxInt64, parseInt64 } from "../../protocol/number-text.ts";
import { PackedElement } from "../../values/packed-element.ts";
import { ListCursor } from "./list-cursor.ts";
import { type ListValue, readList } from "../../collections/list-value.ts";
import { OptionReader } from "../options/option-reader.ts";

const cursor = new ListCursor();
const element = new PackedElement();

interface PositionOptions {
  /** The first match to return; a negative rank counts from the tail. */
  rank: number;
  /** Matches to return: Infinity for all. Undefined returns one match, not in an array. */
  count: number | undefined;
  /** The most elements to compare. */
  maxElements: number;
}

function readOptions(args: Arguments): PositionOptions {
  const found: PositionOptions = { rank: 1, count: undefined, maxElements: Infinity };
  const options = new OptionReader(args, 3);
  while (options.next()) {
    if (options.is("rank", 1)) found.rank = readRank(args, options.value());
    else if (options.is("count", 1)) found.count = readLimit(args, options.value(), "COUNT");
    else if (options.is("maxlen", 1)) found.maxElements = readLimit(args, options.value(), "MAXLEN");
    else options.refuse();
  }
  return found;
}

function readRank(args: Arguments, index: number): number {
  const rank = args.int64(index);
  if (rank < -maxInt64) {
    throw new CommandError(`ERR value is out of range, value must between -${maxInt64} and ${maxInt64}`);
  }
  if (rank === 0n) {
    throw new CommandError(
      "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
        "or use negative to start from the end of the list",
    );
  }
  return Number(rank);
}

/** 0 means no limit and returns Infinity. */
function readLimit(args: Arguments, index: number, name: string): number {
  const limit = parseInt64(args.buffer, args.start(index), args.end(index));
  if (limit === undefined || limit < 0n) throw new CommandError(`ERR ${name} can't be negative`);
  return limit === 0n ? Infinity : Number(limit);
}

/** Calls `visit` with the index of each requested match. */
function findMatches(list: ListValue, options: PositionOptions, visit: (index: number) => void): void {
  const { rank, count = 1, maxElements } = options;
  const forward = rank > 0;
  const { size } = list;
  let toSkip = Math.abs(rank) - 1;
  let left = count;
  cursor.seek(list, forward ? 0 : -1);
  for (let looked = 0; looked < Math.min(size, maxElements) && left > 0; looked++) {
    if (looked > 0) cursor.step(forward);
    if (!cursor.matches(element)) continue;
    if (toSkip > 0) {
      toSkip--;
      continue;
    }
    visit(forward ? looked : size - 1 - looked);
    left--;
  }
}

export const lpos = command({
  name: "LPOS",
  group: "list",
  since: "6.0.6",
  complexity: "O(N) for N elements that are looked at.",
  summary: "Gives the index of elements that equal a given one.",
  syntax: "key element [RANK=rank:integer] [COUNT=num-matches:integer] [MAXLEN=len]",
  flags: ["readonly"],
  keys: firstKey,
  run(context, args, reply) {
    const options = readOptions(args);
    const list = readList(context.database, args);
    const found: number[] = [];
    element.setBytes(args.buffer, args.start(2), args.end(2));
    if (list !== undefined) findMatches(list, options, (index) => found.push(index));
    if (options.count === undefined) {
      const [first] = found;
      if (first === undefined) reply.null();
      else reply.integer(first);
      return;
    }
    reply.array(found.length);
    for (const index of found) reply.integer(index);
  },
});
