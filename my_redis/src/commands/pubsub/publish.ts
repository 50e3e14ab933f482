import { command, type CommandDefinition, type Run } from "../../dispatch/command.ts";

const shared = {
  group: "pubsub",
  flags: ["pubsub", "loading", "stale", "fast"],
  arity: 3,
  mayReplicate: () => true,
} as const satisfies Partial<CommandDefinition>;

const publishing =
  (kind: "channel" | "shard"): Run =>
  ({ server }, args, reply) => {
    if (kind === "channel" && server.executingTransaction) {
      server.pubSub.onPublishedAsPart?.(args.range(1), args.range(2));
    }
    reply.integer(server.pubSub.publish(kind, args.range(1), args.range(2)));
  };

export const publish = command({
  ...shared,
  name: "PUBLISH",
  since: "2.0.0",
  complexity: "O(N+M) for N subscribers of the channel and M patterns of anybody.",
  summary: "Sends a message to the subscribers of a channel; gives how many received it.",
  run: publishing("channel"),
});

export const spublish = command({
  ...shared,
  name: "SPUBLISH",
  since: "7.0.0",
  complexity: "O(N) for N subscribers of the shard channel.",
  summary: "Sends a message to the subscribers of a shard channel; gives how many received it.",
  keys: { first: 1, last: 1, step: 1 },
  run: publishing("shard"),
});
