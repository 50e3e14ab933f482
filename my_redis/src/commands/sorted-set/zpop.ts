import { command, type CommandDefinition, type Run } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { popMembers, type PopSide } from "./pop.ts";
import { findSortedSet } from "../../collections/sorted-set-value.ts";

const outOfRange = "ERR value is out of range, must be positive";

const pop =
  (side: PopSide): Run =>
  (context, args, reply) => {
    if (args.count > 3) throw new CommandError(errors.syntax);
    const counted = args.count === 3;
    const count = counted ? args.integer(2, outOfRange) : 1;
    if (count < 0) throw new CommandError(outOfRange);
    const set = findSortedSet(context.database, args);
    if (set === undefined || count === 0) {
      reply.array(0);
      return;
    }
    const inPairs = counted && reply.protocol === 3;
    const popped = Math.min(count, set.size);
    reply.array(inPairs ? popped : popped * 2);
    popMembers(context, args, 1, set, { side, count, inPairs }, reply);
  };

const shared = {
  group: "sorted-set",
  since: "5.0.0",
  complexity: "O(log(N)*M) for M members, in a set of N.",
  syntax: "key [count]",
  flags: ["write", "fast"],
  keys: keyAt(1, "RW access delete"),
} as const satisfies Partial<CommandDefinition>;

export const zpopmin = command({
  ...shared,
  name: "ZPOPMIN",
  summary: "Removes the members with the lowest scores and gives them.",
  run: pop("min"),
});

export const zpopmax = command({
  ...shared,
  name: "ZPOPMAX",
  summary: "Removes the members with the highest scores and gives them.",
  run: pop("max"),
});
