import { command } from "../../dispatch/command.ts";
import { countedKeys } from "../../dispatch/key-specification.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { blockingMultiPop, multiPop, type MultiPopForm } from "../multi-pop.ts";
import { popMembers, popName, type PopSide } from "./pop.ts";
import { findPopKey } from "./pop-key.ts";

function readSide(args: Arguments, index: number): PopSide {
  if (args.is(index, "min")) return "min";
  if (args.is(index, "max")) return "max";
  throw new CommandError(errors.syntax);
}

const sortedSetPop: MultiPopForm<PopSide> = {
  readSide,
  popFirst(context, args, { keys, side, count: most }, reply) {
    const found = findPopKey(context, args, keys);
    if (found === undefined) return false;
    const { keyIndex, set } = found;
    const count = Math.min(most, set.size);
    reply.array(2);
    reply.bulk(args.buffer, args.start(keyIndex), args.end(keyIndex));
    reply.array(count);
    popMembers(context, args, keyIndex, set, { side, count, inPairs: true }, reply);
    if (context.logs) context.logAs(popName(side), args.view(keyIndex), count);
    return true;
  },
};

export const zmpop = command({
  name: "ZMPOP",
  group: "sorted-set",
  since: "7.0.0",
  complexity: "O(K) + O(M*log(N)) for K keys and M members, in a set of N.",
  summary: "Removes the lowest or highest members of the first sorted set that has any, and gives them.",
  syntax: "numkeys key... (MIN | MAX) [COUNT=count]",
  flags: ["write"],
  keys: countedKeys(1, "RW access delete"),
  run: multiPop(sortedSetPop),
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
  run: blockingMultiPop(sortedSetPop),
});
