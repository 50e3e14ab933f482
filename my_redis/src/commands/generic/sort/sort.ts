import { hashSlot } from "../../../cluster/hash-slot.ts";
import { command, type Run } from "../../../dispatch/command.ts";
import { keyAt, keysInData } from "../../../dispatch/key-specification.ts";
import type { Context } from "../../../dispatch/context.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError } from "../../../protocol/command-error.ts";
import type { ReplyWriter } from "../../../protocol/reply-writer.ts";
import { findSource, type SortSource } from "./read-elements.ts";
import { orderOf, type Sorted } from "./sort-order.ts";
import { readSortOptions, sortKeys, type SortOptions } from "./sort-options.ts";
import { storeSorted } from "./store-sorted.ts";

/** The range of elements that LIMIT keeps of this many. */
function limited({ offset, limit }: SortOptions, size: number): { from: number; to: number } {
  const from = Math.min(Math.max(offset, 0), size);
  return { from, to: limit < 0 ? size : Math.min(from + Math.min(limit, size), size) };
}

function sorted(context: Context, source: SortSource, options: SortOptions): Sorted {
  const { from, to } = limited(options, source.size);
  if (options.unsorted) {
    const elements = source.read(from, to, options.descending);
    return { elements, numbers: Array.from({ length: elements.count }, (_, number) => number) };
  }
  const elements = source.read(0, source.size, false);
  return { elements, numbers: orderOf(context, elements, options).slice(from, to) };
}

function replyElements(
  context: Context,
  { elements, numbers }: Sorted,
  get: SortOptions["get"],
  reply: ReplyWriter,
): void {
  reply.array(numbers.length * Math.max(get.length, 1));
  for (const number of numbers) {
    const [start, end] = [elements.start(number), elements.end(number)];
    if (get.length === 0) reply.bulk(elements.bytes, start, end);
    for (const pattern of get) {
      const found = pattern.lookUp(context, elements.bytes, start, end);
      if (found === undefined) reply.null();
      else reply.bulk(found.bytes, found.start, found.end);
    }
  }
}

/** BY and GET may name keys that live on another node. */
function refuseOtherSlots(args: Arguments, { by, get }: SortOptions): void {
  const slot = hashSlot(args.buffer, args.start(1), args.end(1));
  if (by?.staysInSlot(slot) === false) throw new CommandError("ERR BY option of SORT denied in cluster mode.");
  if (get.some((pattern) => !pattern.staysInSlot(slot))) {
    throw new CommandError("ERR GET option of SORT denied in cluster mode.");
  }
}

const runSort =
  (mayStore: boolean): Run =>
  (context: Context, args: Arguments, reply: ReplyWriter): void => {
    const options = readSortOptions(args, mayStore);
    if (context.server.cluster !== undefined) refuseOtherSlots(args, options);
    const source = findSource(context, args);
    // A set has no order. For STORE and in scripts it is sorted by name, so that the result does not depend on the hash
    // table.
    if (options.unsorted && !source.ordered && (options.storeIndex > 0 || context.client.kind === "script")) {
      Object.assign(options, { unsorted: false, alphabetic: true, by: undefined });
    }
    const result = sorted(context, source, options);
    if (options.storeIndex === 0) replyElements(context, result, options.get, reply);
    else reply.integer(storeSorted(context, args, result, options));
  };

const shared = {
  group: "generic",
  complexity: "O(N+M*log(M)) for N elements of which M are given; O(N) without sorting",
  categories: ["set", "sortedset", "list", "dangerous"],
} as const;

export const sort = command({
  ...shared,
  name: "SORT",
  since: "1.0.0",
  summary:
    "Sorts the elements of a list, set or sorted set by value or by the values of other keys, and returns or stores them.",
  syntax: "key [BY=pattern] [LIMIT={offset count}] [GET=pattern...=] [ASC | DESC] [ALPHA] [STORE=destination:key]",
  flags: ["write", "denyoom"],
  keepsElements: true,
  keys: [keyAt(1, "RO access"), keysInData("RO access"), keysInData("OW update")],
  findKeys: sortKeys,
  keyAccess: (_args, position) => (position === 1 ? "RO access" : "OW update"),
  run: runSort(true),
});

export const sortRo = command({
  ...shared,
  name: "SORT_RO",
  since: "7.0.0",
  summary: "Sorts the elements of a list, set or sorted set as SORT does, but never stores them.",
  syntax: "key [BY=pattern] [LIMIT={offset count}] [GET=pattern...=] [ASC | DESC] [ALPHA]",
  flags: ["readonly"],
  keys: [keyAt(1, "RO access"), keysInData("RO access")],
  run: runSort(false),
});
