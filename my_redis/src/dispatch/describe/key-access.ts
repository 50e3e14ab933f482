import type { Arguments } from "../../protocol/arguments.ts";
import type { Command } from "../command.ts";
import { type KeySpecification, keySpecificationsOf } from "./key-specifications.ts";

const read = ["RO", "access"];
const change = ["RW", "access", "update"];
const overwrite = ["OW", "update"];

/** Where what is done with a key depends on the options that are given. */
const byOptions: Readonly<Record<string, (args: Arguments, position: number) => readonly string[]>> = {
  set: (args) => (hasWord(args, 3, ["get"]) ? change : overwrite),
  bitfield: (args) => (hasWord(args, 2, ["set", "incrby"]) ? change : read),
  migrate: () => ["RW", "access", "delete"],
  sort: (_args, position) => (position === 1 ? read : overwrite),
};

const hasWord = (args: Arguments, from: number, words: readonly string[]): boolean => {
  for (let index = from; index < args.count; index++) if (words.some((word) => args.is(index, word))) return true;
  return false;
};

/** What a command does with its keys, in the words of its specifications; for each of these positions. */
export function keyAccesses(command: Command, args: Arguments, positions: readonly number[]): (readonly string[])[] {
  const special = byOptions[command.fullName];
  if (special !== undefined) return positions.map((position) => special(args, position));
  const flags = new Map<number, readonly string[]>();
  for (const specification of keySpecificationsOf(command)) {
    for (const position of positionsOf(specification, args)) flags.set(position, specification.flags);
  }
  return positions.map((position) => flags.get(position) ?? (command.isWrite ? change : read));
}

function positionsOf({ begin, find }: KeySpecification, args: Arguments): number[] {
  let first = begin.type === "index" ? begin.index : 0;
  if (begin.type === "keyword") first = afterKeyword(begin.keyword.toLowerCase(), begin.startFrom, args);
  if (first === 0 || first >= args.count || find.type === "unknown") return [];
  let last: number;
  if (find.type === "keynum") {
    const count = Number(args.latin1(first + find.index));
    first += find.first;
    last = first + (count - 1) * find.step;
  } else if (find.last >= 0) {
    last = first + find.last;
  } else {
    // With a limit only that part of the arguments are keys.
    const end = find.limit === 0 ? args.count : first + Math.floor((args.count - first) / find.limit);
    last = end + find.last;
  }
  const positions: number[] = [];
  for (let at = first; at <= last && at < args.count; at += find.step) positions.push(at);
  return positions;
}

/** The argument after a word that is looked for forwards, or from the end on backwards; 0 when it is not there. */
function afterKeyword(word: string, startFrom: number, args: Arguments): number {
  if (startFrom > 0) {
    for (let index = startFrom; index < args.count; index++) if (args.is(index, word)) return index + 1;
    return 0;
  }
  for (let index = args.count + startFrom; index > 0; index--) if (args.is(index, word)) return index + 1;
  return 0;
}
