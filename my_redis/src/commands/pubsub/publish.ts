import { command, type CommandDefinition, type Run } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";

const shared = {
  group: "pubsub",
  flags: ["pubsub", "loading", "stale", "fast"],
  mayReplicate: () => true,
} as const satisfies Partial<CommandDefinition>;

const publishing =
  (kind: "channel" | "shard"): Run =>
  ({ client, server }, args, reply) => {
    const { changes, cluster, execution, pubSub } = server;
    const channel = args.range(1);
    const message = args.range(2);
    // Subscribers at replicas get the message too. On a ring they get it as those of all nodes do.
    if (changes.hasReplicas && (kind === "shard" || cluster === undefined)) {
      changes.appendForReplicas(client.database, [
        kind === "channel" ? "PUBLISH" : "SPUBLISH",
        args.bytes(1),
        args.bytes(2),
      ]);
    }
    const { inUnit } = execution;
    const publishHere = (): number => pubSub.publish(kind, channel, message, inUnit ? "event" : "nothing");
    reply.integer(inUnit && kind === "channel" ? pubSub.publishAsPart(channel, message) : publishHere());
  };

export const publish = command({
  ...shared,
  name: "PUBLISH",
  since: "2.0.0",
  complexity: "O(N+M) for N subscribers of the channel and M patterns of anybody.",
  summary: "Sends a message to the subscribers of a channel; gives how many received it.",
  syntax: "channel message",
  run: publishing("channel"),
});

export const spublish = command({
  ...shared,
  name: "SPUBLISH",
  since: "7.0.0",
  complexity: "O(N) for N subscribers of the shard channel.",
  summary: "Sends a message to the subscribers of a shard channel; gives how many received it.",
  syntax: "shardchannel message",
  keys: keyAt(1, "not_key"),
  run: publishing("shard"),
});
