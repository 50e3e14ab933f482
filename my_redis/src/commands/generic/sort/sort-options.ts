import type { Arguments } from "../../../protocol/arguments.ts";
import { KeyPattern } from "./key-pattern.ts";
import { OptionReader } from "../../options/option-reader.ts";

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
  const found: SortOptions = {
    descending: false,
    alphabetic: false,
    unsorted: false,
    offset: 0,
    limit: -1,
    by: undefined,
    get: [],
    storeIndex: 0,
  };
  const options = new OptionReader(args, 2);
  while (options.next()) {
    if (options.is("asc")) {
      found.descending = false;
    } else if (options.is("desc")) {
      found.descending = true;
    } else if (options.is("alpha")) {
      found.alphabetic = true;
    } else if (options.is("limit", 2)) {
      found.offset = options.integer();
      found.limit = options.integer();
    } else if (mayStore && options.is("store", 1)) {
      found.storeIndex = options.value();
    } else if (options.is("by", 1)) {
      setBy(found, new KeyPattern(args.bytes(options.value())));
    } else if (options.is("get", 1)) {
      found.get.push(new KeyPattern(args.bytes(options.value())));
    } else {
      options.refuse();
    }
  }
  return found;
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
