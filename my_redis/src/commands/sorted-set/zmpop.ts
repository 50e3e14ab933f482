import { command } from "../../dispatch/command.ts";
import { countedKeys } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { readTimeoutSeconds } from "../timeout-argument.ts";
import { popMembers, popName, type PopSide } from "./pop.ts";
import { findPopKey } from "./pop-key.ts";

interface MultiPop {
  readonly keys: readonly number[];
  readonly side: PopSide;
  readonly count: number;
}

const tooFewKeys = "ERR numkeys should be greater than 0";
const tooFewMembers = "ERR count should be greater than 0";

/** Reads the number of keys at `index` and what follows. */
function readMultiPop(args: Arguments, index: number): MultiPop {
  const keyCount = args.integer(index, tooFewKeys);
  if (keyCount < 1) throw new CommandError(tooFewKeys);
  const sideIndex = index + keyCount + 1;
  if (sideIndex >= args.count) throw new CommandError(errors.syntax);
  if (!args.is(sideIndex, "min") && !args.is(sideIndex, "max")) throw new CommandError(errors.syntax);
  let count: number | undefined;
  for (let option = sideIndex + 1; option < args.count; option += 2) {
    if (count !== undefined || !args.is(option, "count") || option + 1 === args.count) {
      throw new CommandError(errors.syntax);
    }
    count = args.integer(option + 1, tooFewMembers);
    if (count < 1) throw new CommandError(tooFewMembers);
  }
  const side = args.is(sideIndex, "min") ? "min" : "max";
  const keys = Array.from({ length: keyCount }, (_, number) => index + 1 + number);
  return { keys, side, count: count ?? 1 };
}

/** Pops from the first of the keys that has members; false when none has. */
function popFirst(context: Context, args: Arguments, pop: MultiPop, reply: ReplyWriter): boolean {
  const found = findPopKey(context, args, pop.keys);
  if (found === undefined) return false;
  const count = Math.min(pop.count, found.set.size);
  reply.array(2);
  reply.bulk(args.buffer, args.start(found.keyIndex), args.end(found.keyIndex));
  reply.array(count);
  popMembers(context, args, found.keyIndex, found.set, { side: pop.side, count, inPairs: true }, reply);
  if (context.logs) context.logAs(popName(pop.side), args.view(found.keyIndex), count);
  return true;
}

export const zmpop = command({
  name: "ZMPOP",
  group: "sorted-set",
  since: "7.0.0",
  complexity: "O(K) + O(M*log(N)) for K keys and M members, in a set of N.",
  summary: "Removes the lowest or highest members of the first sorted set that has any, and gives them.",
  syntax: "numkeys key... (MIN | MAX) [COUNT=count]",
  flags: ["write"],
  keys: countedKeys(1, "RW access delete"),
  run(context, args, reply) {
    if (!popFirst(context, args, readMultiPop(args, 1), reply)) reply.nullArray();
  },
});

export const bzmpop = command({
  name: "BZMPOP",
  group: "sorted-set",
  since: "7.0.0",
  complexity: "O(K) + O(M*log(N)) for K keys and M members, in a set of N.",
  summary: "Removes the lowest or highest members of the first sorted set that has any, waiting until one has.",
  syntax: "timeout numkeys key... (MIN | MAX) [COUNT=count]",
  flags: ["write", "blocking"],
  keys: countedKeys(2, "RW access delete"),
  run(context, args, reply) {
    const pop = readMultiPop(args, 2);
    const timeoutMs = readTimeoutSeconds(args, 1, context.now);
    if (popFirst(context, args, pop, reply)) return;
    if (context.blockOn(args, pop.keys, { timeoutMs, timeoutReply: "nullArray" }) === "refused") reply.nullArray();
  },
});
