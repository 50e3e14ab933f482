import type { Context } from "../../dispatch/context.ts";
import { command } from "../../dispatch/command.ts";
import { countedKeys } from "../../dispatch/key-specification.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { parseInt64 } from "../../protocol/number-text.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { type ListEnd, findList, type ListValue } from "../../collections/list-value.ts";
import { readEnd } from "./move.ts";
import { popElements } from "./pop.ts";

export interface MultiPopOptions {
  /** Argument numbers. */
  readonly keys: readonly number[];
  readonly end: ListEnd;
  /** Elements to take, at most. */
  readonly count: number;
}

function readPositive(args: Arguments, index: number, name: string): number {
  const value = parseInt64(args.buffer, args.start(index), args.end(index));
  if (value === undefined || value <= 0n) throw new CommandError(`ERR ${name} should be greater than 0`);
  return Number(value);
}

/** Reads `numkeys key [key ...] LEFT|RIGHT [COUNT count]` from argument `from` on. */
export function readMultiPop(args: Arguments, from: number): MultiPopOptions {
  const keyCount = readPositive(args, from, "numkeys");
  const endIndex = from + keyCount + 1;
  if (endIndex >= args.count) throw new CommandError(errors.syntax);
  const end = readEnd(args, endIndex);
  let count: number | undefined;
  for (let index = endIndex + 1; index < args.count; index += 2) {
    if (count !== undefined || !args.is(index, "count") || index + 1 === args.count) {
      throw new CommandError(errors.syntax);
    }
    count = readPositive(args, index + 1, "count");
  }
  const keys = Array.from({ length: keyCount }, (_, number) => from + 1 + number);
  return { keys, end, count: count ?? 1 };
}

/** A list at a key, or undefined. While waiting a key of another type is as good as none: see `blockOn`. */
export function findListToPop(context: Context, args: Arguments, index: number): ListValue | undefined {
  try {
    return findList(context.database, args, index);
  } catch (error) {
    if (context.retrying) return undefined;
    throw error;
  }
}

/** Pops from the first of the keys that has a list, and answers with key and elements; false when none has. */
export function popFirst(context: Context, args: Arguments, options: MultiPopOptions, reply: ReplyWriter): boolean {
  for (const keyIndex of options.keys) {
    const list = findListToPop(context, args, keyIndex);
    if (list === undefined) continue;
    const count = Math.min(options.count, list.size);
    if (context.logs) context.logAs(options.end === "head" ? "LPOP" : "RPOP", args.view(keyIndex), count);
    reply.array(2);
    reply.bulk(args.buffer, args.start(keyIndex), args.end(keyIndex));
    reply.array(count);
    popElements(context, args, list, { keyIndex, end: options.end, count }, reply);
    return true;
  }
  return false;
}

export const lmpop = command({
  name: "LMPOP",
  group: "list",
  since: "7.0.0",
  complexity: "O(N+M) for N keys and M elements that are given.",
  summary: "Takes elements from the first of the lists that exists.",
  syntax: "numkeys key... (LEFT | RIGHT) [COUNT=count]",
  flags: ["write"],
  keys: countedKeys(1, "RW access delete"),
  run(context, args, reply) {
    if (!popFirst(context, args, readMultiPop(args, 1), reply)) reply.nullArray();
  },
});
