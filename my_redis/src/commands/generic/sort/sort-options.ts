import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError, errors } from "../../../protocol/command-error.ts";
import { KeyPattern } from "./key-pattern.ts";

export interface SortOptions {
  descending: boolean;
  alphabetic: boolean;
  /** Set by a BY that names no key of an element: the order stays as it is. */
  unsorted: boolean;
  /** LIMIT; all from `offset` on when `limit` is negative. */
  offset: number;
  limit: number;
  by: KeyPattern | undefined;
  readonly get: KeyPattern[];
  /** The argument that names the key to store at; 0 without. */
  storeIndex: number;
}

/** Reads what follows the key. Throws what Redis says of a wrong option. */
export function readSortOptions(args: Arguments, mayStore: boolean): SortOptions {
  const options: SortOptions = {
    descending: false,
    alphabetic: false,
    unsorted: false,
    offset: 0,
    limit: -1,
    by: undefined,
    get: [],
    storeIndex: 0,
  };
  for (let index = 2; index < args.count; index++) index += readOption(args, index, mayStore, options);
  return options;
}

/** Gives how many arguments belong to the option. */
function readOption(args: Arguments, index: number, mayStore: boolean, options: SortOptions): number {
  const left = args.count - index - 1;
  if (args.is(index, "asc") || args.is(index, "desc")) {
    options.descending = args.is(index, "desc");
    return 0;
  }
  if (args.is(index, "alpha")) {
    options.alphabetic = true;
    return 0;
  }
  if (left >= 2 && args.is(index, "limit")) {
    options.offset = args.integer(index + 1);
    options.limit = args.integer(index + 2);
    return 2;
  }
  if (left < 1) throw new CommandError(errors.syntax);
  if (mayStore && args.is(index, "store")) options.storeIndex = index + 1;
  else if (args.is(index, "by")) setBy(options, new KeyPattern(args.bytes(index + 1)));
  else if (args.is(index, "get")) options.get.push(new KeyPattern(args.bytes(index + 1)));
  else throw new CommandError(errors.syntax);
  return 1;
}

function setBy(options: SortOptions, pattern: KeyPattern): void {
  options.by = pattern;
  // Once and for all, whatever a further BY says: as in Redis.
  if (!pattern.hasStar) options.unsorted = true;
}

/** Where the keys stand that can be told from the arguments: the one to sort, and the last STORE. */
export function sortKeys(args: Arguments): number[] {
  let storeIndex = 0;
  for (let index = 2; index < args.count; index++) {
    if (args.is(index, "limit")) index += 2;
    else if (args.is(index, "get") || args.is(index, "by")) index++;
    else if (args.is(index, "store") && index + 1 < args.count) storeIndex = index + 1;
  }
  return storeIndex === 0 ? [1] : [1, storeIndex];
}
