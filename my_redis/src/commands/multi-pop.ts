import type { Run } from "../dispatch/command.ts";
import type { Context } from "../dispatch/context.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { CommandError, errors } from "../protocol/command-error.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";
import { OptionReader } from "./options/option-reader.ts";
import { readTimeoutSeconds } from "./timeout-argument.ts";

/** The request of LMPOP or ZMPOP, or of a blocking form of them. */
export interface MultiPop<Side> {
  /** Positions of the keys among the arguments. */
  readonly keys: readonly number[];
  readonly side: Side;
  /** The most elements to pop. */
  readonly count: number;
}

/** The parts in which LMPOP and ZMPOP differ. */
export interface MultiPopForm<Side> {
  /** Reads the word behind the keys: LEFT, RIGHT, MIN or MAX. Throws for any other word. */
  readonly readSide: (args: Arguments, index: number) => Side;
  /** Pops from the first key that has elements, and replies. Returns false when no key has any. */
  readonly popFirst: (context: Context, args: Arguments, pop: MultiPop<Side>, reply: ReplyWriter) => boolean;
}

/** LMPOP and ZMPOP: "numkeys key [key ...] side [COUNT count]". */
export const multiPop =
  <Side>(form: MultiPopForm<Side>): Run =>
  (context, args, reply) => {
    if (!form.popFirst(context, args, readMultiPop(args, 1, form), reply)) reply.nullArray();
  };

/** BLMPOP and BZMPOP: "timeout" comes first. */
export const blockingMultiPop =
  <Side>(form: MultiPopForm<Side>): Run =>
  (context, args, reply) => {
    const pop = readMultiPop(args, 2, form);
    const timeoutMs = readTimeoutSeconds(args, 1, context.now);
    if (!form.popFirst(context, args, pop, reply)) waitForKeys(context, args, { keys: pop.keys, timeoutMs }, reply);
  };

/**
 * Blocks the client until one of the keys has elements. Where blocking is not allowed, it replies with a null array.
 */
export function waitForKeys(
  context: Context,
  args: Arguments,
  { keys, timeoutMs }: { readonly keys: readonly number[]; readonly timeoutMs: number },
  reply: ReplyWriter,
): void {
  if (context.blockOn(args, keys, { timeoutMs, timeoutReply: "nullArray" }) === "refused") reply.nullArray();
}

function readMultiPop<Side>(args: Arguments, first: number, { readSide }: MultiPopForm<Side>): MultiPop<Side> {
  const keyCount = readPositive(args, first, "numkeys");
  const sideIndex = first + keyCount + 1;
  if (sideIndex >= args.count) throw new CommandError(errors.syntax);
  const side = readSide(args, sideIndex);
  let count: number | undefined;
  const options = new OptionReader(args, sideIndex + 1);
  while (options.next()) {
    if (count !== undefined || !options.is("count", 1)) options.refuse();
    count = readPositive(args, options.value(), "count");
  }
  const keys = Array.from({ length: keyCount }, (_, number) => first + 1 + number);
  return { keys, side, count: count ?? 1 };
}

function readPositive(args: Arguments, index: number, name: string): number {
  const message = `ERR ${name} should be greater than 0`;
  const value = args.integer(index, message);
  if (value <= 0) throw new CommandError(message);
  return value;
}
