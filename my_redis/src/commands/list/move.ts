import { copyBytes } from "../../memory/copy-bytes.ts";
import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { ElementText, PackedElement } from "../../values/packed-element.ts";
import { lastElement } from "../../values/packed-list.ts";
import { createList, findList, findTargetList, type ListEnd, type ListValue } from "../../collections/list-value.ts";

export interface MoveEnds {
  readonly from: ListEnd;
  readonly to: ListEnd;
}

const element = new PackedElement();
const text = new ElementText();
/** The element that is moved. A longer one gets a buffer of its own. */
const scratch = new Uint8Array(1024);

/** An end as LMOVE and LMPOP name it. Throws for any other word. */
export function readEnd(args: Arguments, index: number): ListEnd {
  if (args.is(index, "left")) return "head";
  if (args.is(index, "right")) return "tail";
  throw new CommandError(errors.syntax);
}

const sameKey = (args: Arguments): boolean => Buffer.compare(args.view(1), args.view(2)) === 0;

/** Fills `element` with a copy of the element at one end. */
function takeCopy(list: ListValue, end: ListEnd): number {
  const { bytes, start, end: segmentEnd } = list.load(end === "head" ? 0 : list.segmentCount - 1);
  text.read(bytes, end === "head" ? start : lastElement(bytes, segmentEnd));
  const { length } = text;
  const copy = length <= scratch.length ? scratch : new Uint8Array(length);
  copyBytes(text.bytes, text.start, text.end, copy, 0);
  element.setBytes(copy, 0, length);
  return length;
}

function replyElement(list: ListValue, end: ListEnd, reply: ReplyWriter): void {
  const { bytes, start, end: segmentEnd } = list.load(end === "head" ? 0 : list.segmentCount - 1);
  text.read(bytes, end === "head" ? start : lastElement(bytes, segmentEnd));
  reply.bulk(text.bytes, text.start, text.end);
}

/**
 * Moves an element from the list of argument 1 to that of argument 2 and replies with it. Returns false, having neither
 * changed nor written anything, when there is no element.
 */
export function moveElement(context: Context, args: Arguments, ends: MoveEnds, reply: ReplyWriter): boolean {
  const source = findList(context.database, args, 1);
  if (source === undefined) return false;
  const found = sameKey(args) ? source : findTargetList(context.database, args, 2);
  replyElement(source, ends.from, reply);
  const length = takeCopy(source, ends.from);
  const target = found ?? createList(context.database, args, 2, element.size);
  // Between two lists, the element is added first: if memory is lacking, the source keeps it.
  const rotates = source === target;
  if (rotates) source.cut(ends.from, 1);
  target.growBy(length, 1);
  target.push(ends.to, element);
  if (!rotates) source.cut(ends.from, 1);
  context.database.changed(args, 2, ends.to === "head" ? "lpush" : "rpush");
  context.database.announce(args, 1, ends.from === "head" ? "lpop" : "rpop");
  source.settle(args, 1);
  return true;
}

export const lmove = command({
  name: "LMOVE",
  group: "list",
  since: "6.2.0",
  complexity: "O(1)",
  brief: true,
  summary: "Moves an element from either end of a list to either end of another, and returns it.",
  syntax: "source:key destination:key (LEFT | RIGHT) (LEFT | RIGHT)",
  flags: ["write", "denyoom"],
  keys: [keyAt(1, "RW access delete"), keyAt(2, "RW insert")],
  run(context, args, reply) {
    const ends = { from: readEnd(args, 3), to: readEnd(args, 4) };
    if (!moveElement(context, args, ends, reply)) reply.null();
  },
});

export const rpoplpush = command({
  name: "RPOPLPUSH",
  group: "list",
  since: "1.2.0",
  complexity: "O(1)",
  brief: true,
  summary: "Moves the last element of a list to the head of another and returns it, as LMOVE with RIGHT LEFT.",
  syntax: "source:key destination:key",
  flags: ["write", "denyoom"],
  keys: [keyAt(1, "RW access delete"), keyAt(2, "RW insert")],
  run(context, args, reply) {
    if (!moveElement(context, args, { from: "tail", to: "head" }, reply)) reply.null();
  },
});
