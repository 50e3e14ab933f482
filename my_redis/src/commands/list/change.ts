import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import type { CommandDefinition } from "../../dispatch/command.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { elementSize, PackedElement, previousElement } from "../../values/packed-element.ts";
import { ListCursor } from "./list-cursor.ts";
import { findList, type ListValue } from "../../collections/list-value.ts";

const shared = {
  group: "list",
} as const satisfies Partial<CommandDefinition>;
const cursor = new ListCursor();
const element = new PackedElement();

export const lset = command({
  ...shared,
  name: "LSET",
  since: "1.0.0",
  complexity: "O(N) for N elements between the nearer end and the one that is set.",
  summary: "Sets the element at an index; a negative index counts from the tail.",
  syntax: "key index element",
  flags: ["write", "denyoom"],
  keys: keyAt(1, "RW update"),
  run(context, args, reply) {
    const list = findList(context.database, args);
    if (list === undefined) throw new CommandError(errors.noSuchKey);
    const index = args.integer(2);
    list.growBy(args.length(3), 1);
    if (!cursor.seek(list, index)) throw new CommandError(errors.outOfRange);
    list.replace(cursor.segment, cursor.offset, element.setBytes(args.buffer, args.start(3), args.end(3)));
    list.packIfSmall();
    context.database.changed(args, 1, "lset");
    reply.ok();
  },
});

export const linsert = command({
  ...shared,
  name: "LINSERT",
  since: "2.2.0",
  complexity: "O(N) for N elements up to the one that is looked for.",
  summary: "Puts an element before or after the first one that equals a given one.",
  syntax: "key (BEFORE | AFTER) pivot element",
  flags: ["write", "denyoom"],
  keys: keyAt(1, "RW insert"),
  run(context, args, reply) {
    const after = args.is(2, "after");
    if (!after && !args.is(2, "before")) throw new CommandError(errors.syntax);
    const list = findList(context.database, args);
    if (list === undefined) {
      reply.integer(0);
      return;
    }
    // As in Redis, the list is prepared for the element before the pivot is searched.
    list.growBy(args.length(4), 1);
    element.setBytes(args.buffer, args.start(3), args.end(3));
    cursor.seek(list, 0);
    while (!cursor.matches(element)) {
      if (cursor.next()) continue;
      reply.integer(-1);
      return;
    }
    const offset = cursor.offset + (after ? element.size : 0);
    list.insert(cursor.segment, offset, element.setBytes(args.buffer, args.start(4), args.end(4)));
    context.database.changed(args, 1, "linsert");
    reply.integer(list.size);
  },
});

/** Removes up to `limit` elements equal to `element`, from the head on. */
function removeForward(list: ListValue, limit: number): number {
  let removed = 0;
  for (let number = 0; number < list.segmentCount && removed < limit; number++) {
    list.load(number);
    for (let offset = 0; removed < limit;) {
      const { bytes, start, end } = list.segment;
      if (start + offset >= end) break;
      if (!element.matches(bytes, start + offset)) {
        offset += elementSize(bytes, start + offset);
        continue;
      }
      removed++;
      if (list.remove(number, offset, 1)) {
        number--;
        break;
      }
      list.load(number);
    }
  }
  return removed;
}

function removeBackward(list: ListValue, limit: number): number {
  let removed = 0;
  for (let number = list.segmentCount - 1; number >= 0 && removed < limit; number--) {
    const { start: first, end } = list.load(number);
    for (let offset = end - first; offset > 0 && removed < limit;) {
      const { bytes, start } = list.segment;
      offset = previousElement(bytes, start + offset) - start;
      if (!element.matches(bytes, start + offset)) continue;
      removed++;
      if (list.remove(number, offset, 1)) break;
      list.load(number);
    }
  }
  return removed;
}

export const lrem = command({
  ...shared,
  name: "LREM",
  since: "1.0.0",
  complexity: "O(N+M) for a list of N elements of which M are removed.",
  summary:
    "Removes elements that equal a given one: all, or some of them from the head, or from the tail with a negative count.",
  syntax: "key count element",
  flags: ["write"],
  keys: keyAt(1, "RW delete"),
  run(context, args, reply) {
    const count = args.integer(2);
    const list = findList(context.database, args);
    if (list === undefined) {
      reply.integer(0);
      return;
    }
    element.setBytes(args.buffer, args.start(3), args.end(3));
    const removed = count < 0 ? removeBackward(list, -count) : removeForward(list, count === 0 ? Infinity : count);
    if (removed > 0) {
      context.database.changed(args, 1, "lrem", removed);
      list.settle(args, 1);
    }
    reply.integer(removed);
  },
});

export const ltrim = command({
  ...shared,
  name: "LTRIM",
  since: "1.0.0",
  complexity: "O(N) for N elements that are removed.",
  summary: "Keeps the elements from one index to another and removes the others; negative indexes count from the tail.",
  syntax: "key start:integer stop:integer",
  flags: ["write"],
  keys: keyAt(1, "RW delete"),
  run(context, args, reply) {
    let first = args.integer(2);
    let last = args.integer(3);
    const list = findList(context.database, args);
    if (list !== undefined) {
      const { size } = list;
      if (first < 0) first = Math.max(0, first + size);
      if (last < 0) last += size;
      last = Math.min(last, size - 1);
      const fromHead = first > last ? size : first;
      list.cut("head", fromHead);
      if (fromHead < size) list.cut("tail", size - 1 - last);
      context.database.changed(args, 1, "ltrim", size - list.size);
      list.settle(args, 1);
    }
    reply.ok();
  },
});
