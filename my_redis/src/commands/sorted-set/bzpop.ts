import { command, type CommandDefinition, type Run } from "../../dispatch/command.ts";
import { keysFrom } from "../../dispatch/key-specification.ts";
import { waitForKeys } from "../multi-pop.ts";
import { readTimeoutSeconds } from "../timeout-argument.ts";
import { popMembers, popName, type PopSide } from "./pop.ts";
import { findPopKey } from "./pop-key.ts";

const blockingPop =
  (side: PopSide): Run =>
  (context, args, reply) => {
    const timeoutMs = readTimeoutSeconds(args, args.count - 1, context.now);
    const keys = Array.from({ length: args.count - 2 }, (_, number) => number + 1);
    const found = findPopKey(context, args, keys);
    if (found === undefined) {
      waitForKeys(context, args, { keys, timeoutMs }, reply);
      return;
    }
    const { keyIndex, set } = found;
    reply.array(3);
    reply.bulk(args.buffer, args.start(keyIndex), args.end(keyIndex));
    popMembers(context, args, keyIndex, set, { side, count: 1, inPairs: false }, reply);
    if (context.logs) context.logAs(popName(side), args.view(keyIndex));
  };

const shared = {
  group: "sorted-set",
  since: "5.0.0",
  complexity: "O(log(N)) in a set of N.",
  syntax: "key... timeout",
  flags: ["write", "blocking", "fast"],
  keys: keysFrom(1, "RW access delete", { last: -2 }),
} as const satisfies Partial<CommandDefinition>;

export const bzpopmin = command({
  ...shared,
  name: "BZPOPMIN",
  summary: "Removes the member with the lowest score of the first sorted set that has any, waiting until one has.",
  run: blockingPop("min"),
});

export const bzpopmax = command({
  ...shared,
  name: "BZPOPMAX",
  summary: "Removes the member with the highest score of the first sorted set that has any, waiting until one has.",
  run: blockingPop("max"),
});
