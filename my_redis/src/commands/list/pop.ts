import { command, type CommandDefinition, type Run } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { replyFromEnd } from "./list-cursor.ts";
import { findList, type ListEnd, type ListValue } from "../../collections/list-value.ts";

const shared = {
  group: "list",
  since: "1.0.0",
  complexity: "O(N) for N elements that are given.",
  syntax: "key [count]",
  flags: ["write", "fast"],
  keys: keyAt(1, "RW access delete"),
} as const satisfies Partial<CommandDefinition>;

const notCount = "ERR value is out of range, must be positive";

/** Writes `count` elements from one end, removes them, and announces the change. The list must have as many. */
export function popElements(
  context: Context,
  args: Arguments,
  list: ListValue,
  { keyIndex, end, count }: { keyIndex: number; end: ListEnd; count: number },
  reply: ReplyWriter,
): void {
  replyFromEnd(list, end, count, reply);
  list.cut(end, count);
  context.database.changed(args, keyIndex, end === "head" ? "lpop" : "rpop", count);
  list.settle(args, keyIndex);
}

/** A number of elements: an integer of at least 0. */
function readCount(args: Arguments, index: number): number {
  const count = args.integer(index, notCount);
  if (count < 0) throw new CommandError(notCount);
  return count;
}

const pop =
  (name: string, end: ListEnd): Run =>
  (context, args, reply) => {
    if (args.count > 3) throw new CommandError(errors.wrongArity(name));
    const counted = args.count === 3;
    const asked = counted ? readCount(args, 2) : 1;
    const list = findList(context.database, args);
    if (list === undefined) {
      if (counted) reply.nullArray();
      else reply.null();
      return;
    }
    const count = Math.min(asked, list.size);
    if (counted) reply.array(count);
    if (count > 0) popElements(context, args, list, { keyIndex: 1, end, count }, reply);
  };

export const lpop = command({
  ...shared,
  name: "LPOP",
  summary: "Pops the first element of a list, or the first few.",
  run: pop("lpop", "head"),
  loadOperation: "lpop",
});

export const rpop = command({
  ...shared,
  name: "RPOP",
  summary: "Pops the last element of a list, or the last few.",
  run: pop("rpop", "tail"),
  loadOperation: "rpop",
});
