import type { Arguments } from "../../../protocol/arguments.ts";
import { KeyPattern } from "./key-pattern.ts";
import { OptionReader } from "../../options/option-reader.ts";

export interface SortOptions {
  descending: boolean;
  alphabetic: boolean;
  /** A BY pattern without a star means: do not sort. */
  unsorted: boolean;
  /** LIMIT; a negative `limit` means all elements from `offset` on. */
  offset: number;
  limit: number;
  by: KeyPattern | undefined;
  readonly get: KeyPattern[];
  /** Position of the destination key; 0 without STORE. */
  storeIndex: number;
}

/** Reads the arguments after the key. Throws Redis's error for an invalid option. */
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
  // As in Redis, a later BY does not turn sorting on again.
  if (!pattern.hasStar) options.unsorted = true;
}

/** Positions of the keys that the arguments name: the sorted key and the last STORE. Keys of patterns are not known. */
export function sortKeys(args: Arguments): number[] {
  let storeIndex = 0;
  for (let index = 2; index < args.count; index++) {
    if (args.is(index, "limit")) index += 2;
    else if (args.is(index, "get") || args.is(index, "by")) index++;
    else if (args.is(index, "store") && index + 1 < args.count) storeIndex = index + 1;
  }
  return storeIndex === 0 ? [1] : [1, storeIndex];
}
