import { command, type CommandDefinition, type Run } from "../../dispatch/command.ts";
import { container } from "../../dispatch/container.ts";
import type { SubscriptionKind } from "../../dispatch/client.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { globMatches } from "../../values/glob-pattern.ts";

const shared = {
  group: "pubsub",
  flags: ["pubsub", "loading", "stale"],
} as const satisfies Partial<CommandDefinition>;

const listing =
  (kind: SubscriptionKind): Run =>
  ({ server }, args, reply) => {
    if (args.count > 3) throw new CommandError(errors.subcommandSyntax(args.latin1(1), "pubsub"));
    const pattern = args.count === 3 ? args.view(2) : undefined;
    const begin = reply.beginArray();
    let count = 0;
    for (const name of server.pubSub.names(kind)) {
      const bytes = Buffer.from(name, "latin1");
      if (pattern !== undefined && !globMatches(pattern, bytes, 0, bytes.length)) continue;
      reply.bulk(bytes);
      count++;
    }
    reply.endArray(begin, count);
  };

const counting =
  (kind: SubscriptionKind): Run =>
  ({ server }, args, reply) => {
    reply.array((args.count - 2) * 2);
    for (let index = 2; index < args.count; index++) {
      reply.bulk(args.buffer, args.start(index), args.end(index));
      reply.integer(server.pubSub.subscriberCount(kind, args.latin1(index)));
    }
  };

const channels = command({
  ...shared,
  name: "PUBSUB CHANNELS",
  since: "2.8.0",
  complexity: "O(N) for N channels with subscribers.",
  summary: "Names the channels that have subscribers, all or those that match a pattern.",
  syntax: "[pattern]",
  run: listing("channel"),
});

const numpat = command({
  ...shared,
  name: "PUBSUB NUMPAT",
  since: "2.8.0",
  complexity: "O(1)",
  brief: true,
  summary: "Counts the distinct patterns that have subscribers.",
  run({ server }, _args, reply) {
    reply.integer(server.pubSub.nameCount("pattern"));
  },
});

const numsub = command({
  ...shared,
  name: "PUBSUB NUMSUB",
  since: "2.8.0",
  complexity: "O(N) for N channels that are asked for.",
  summary: "Counts the subscribers of channels, without those of patterns.",
  syntax: "[channel...]",
  run: counting("channel"),
});

const shardchannels = command({
  ...shared,
  name: "PUBSUB SHARDCHANNELS",
  since: "7.0.0",
  complexity: "O(N) for N shard channels with subscribers.",
  summary: "Names the shard channels that have subscribers, all or those that match a pattern.",
  syntax: "[pattern]",
  run: listing("shard"),
});

const shardnumsub = command({
  ...shared,
  name: "PUBSUB SHARDNUMSUB",
  since: "7.0.0",
  complexity: "O(N) for N shard channels that are asked for.",
  summary: "Counts the subscribers of shard channels.",
  syntax: "[shardchannel...]",
  run: counting("shard"),
});

export const pubsub = container({
  name: "PUBSUB",
  group: "pubsub",
  since: "2.8.0",
  complexity: "Depends on the subcommand.",
  summary: "Groups the commands that list and count subscriptions.",
  flags: [],
  helpSince: "6.2.0",
  subcommands: [channels, numpat, numsub, shardchannels, shardnumsub],
});
