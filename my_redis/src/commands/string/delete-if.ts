import { command } from "../../dispatch/command.ts";
import type { Context } from "../../dispatch/context.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import { valueType } from "../../memory/record.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { OptionReader } from "../options/option-reader.ts";
import { type Comparison, meets } from "./comparison.ts";

/** A condition, and the position of its operand. */
interface Condition {
  readonly comparison: Comparison;
  readonly index: number;
}

const comparisons: readonly Comparison[] = ["ifeq", "ifne", "ifdeq", "ifdne"];

function readCondition(args: Arguments): Condition | undefined {
  let found: Condition | undefined;
  const options = new OptionReader(args, 2);
  while (options.next()) {
    const comparison = comparisons.find((word) => options.is(word, 1));
    if (comparison === undefined || found !== undefined) throw new CommandError(errors.syntax);
    found = { comparison, index: options.value() };
  }
  return found;
}

/** Deletes the key if its string meets the condition, and answers how many keys that were. The log gets DEL. */
function deleteIf(context: Context, args: Arguments, condition: Condition | undefined, reply: ReplyWriter): void {
  const { database } = context;
  if (condition !== undefined) {
    const address = database.writeTyped(args, 1, valueType.string);
    if (address === 0 || !meets(context, args, address, condition.comparison, condition.index)) {
      reply.integer(0);
      return;
    }
  }
  const isDeleted = database.delete(args, 1);
  if (isDeleted) {
    database.changed(args, 1, "del");
    if (context.logs) context.logAs("DEL", args.view(1));
  }
  reply.integer(isDeleted ? 1 : 0);
}

/** Redis 8.4. */
export const delEx = command({
  name: "DELEX",
  group: "string",
  since: "8.4.0",
  complexity: "O(1); O(N) with a digest, for N bytes of the string.",
  summary: "Deletes a key if its string, or the digest of it, is or is not the given one.",
  syntax: "key [IFEQ=value | IFNE=value | IFDEQ=digest | IFDNE=digest]",
  flags: ["write", "fast"],
  keys: keyAt(1, "RW delete variable_flags"),
  keyAccess: (args) => (args.count > 2 ? "RW delete" : "RM delete"),
  run: (context, args, reply) => deleteIf(context, args, readCondition(args), reply),
});

/** Valkey 9.0. */
export const delIfEq = command({
  name: "DELIFEQ",
  group: "string",
  since: "9.0.0",
  complexity: "O(1)",
  summary: "Deletes a key if its string is the given one.",
  syntax: "key value",
  flags: ["write", "fast"],
  keys: keyAt(1, "RW delete"),
  run: (context, args, reply) => deleteIf(context, args, { comparison: "ifeq", index: 2 }, reply),
});
