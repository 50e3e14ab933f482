import { command, type CommandDefinition, type Run } from "../../dispatch/command.ts";
import { keysFrom } from "../../dispatch/key-specification.ts";
import type { Client } from "../../dispatch/client.ts";
import type { SubscriptionKind } from "../../dispatch/client.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";

const shared = {
  group: "pubsub",
  flags: ["pubsub", "noscript", "loading", "stale"],
  whileSubscribed: true,
} as const satisfies Partial<CommandDefinition>;

/** The number of subscriptions that replies state: channels and patterns, or shard channels. */
function countOf({ subscriptions }: Client, kind: SubscriptionKind): number {
  if (subscriptions === undefined) return 0;
  return kind === "shard" ? subscriptions.shard.size : subscriptions.channel.size + subscriptions.pattern.size;
}

/** Each name gets its own reply, which is a push. */
function replyChange(reply: ReplyWriter, event: string, name: string | undefined, count: number): void {
  reply.push(3);
  reply.bulkText(event);
  if (name === undefined) reply.null();
  else reply.bulkLatin1(name);
  reply.integer(count);
}

const subscribing =
  (kind: SubscriptionKind, event: string): Run =>
  ({ client, server }, args, reply) => {
    for (let index = 1; index < args.count; index++) {
      const name = args.latin1(index);
      server.pubSub.subscribe(client, kind, name);
      replyChange(reply, event, name, countOf(client, kind));
    }
  };

const unsubscribing =
  (kind: SubscriptionKind, event: string): Run =>
  ({ client, server }, args, reply) => {
    const named = Array.from({ length: args.count - 1 }, (_, at) => args.latin1(at + 1));
    const names = named.length > 0 ? named : [...(client.subscriptions?.[kind] ?? [])];
    for (const name of names) {
      server.pubSub.unsubscribe(client, kind, name);
      replyChange(reply, event, name, countOf(client, kind));
    }
    if (names.length === 0) replyChange(reply, event, undefined, countOf(client, kind));
  };

export const subscribe = command({
  ...shared,
  name: "SUBSCRIBE",
  since: "2.0.0",
  complexity: "O(N) for N channels.",
  summary: "Subscribes to the messages of channels.",
  syntax: "channel...",
  subscribes: true,
  run: subscribing("channel", "subscribe"),
});

export const unsubscribe = command({
  ...shared,
  name: "UNSUBSCRIBE",
  since: "2.0.0",
  complexity: "O(N) for N channels.",
  summary: "Unsubscribes from channels, or from all channels if none is named.",
  syntax: "[channel...]",
  run: unsubscribing("channel", "unsubscribe"),
});

export const psubscribe = command({
  ...shared,
  name: "PSUBSCRIBE",
  since: "2.0.0",
  complexity: "O(N) for N patterns.",
  summary: "Subscribes to the messages of all channels whose names match patterns.",
  syntax: "{pattern}...",
  subscribes: true,
  run: subscribing("pattern", "psubscribe"),
});

export const punsubscribe = command({
  ...shared,
  name: "PUNSUBSCRIBE",
  since: "2.0.0",
  complexity: "O(N) for N patterns.",
  summary: "Unsubscribes from patterns, or from all patterns if none is named.",
  syntax: "[pattern...]",
  run: unsubscribing("pattern", "punsubscribe"),
});

const ofShard = { ...shared, since: "7.0.0", keys: { first: 1, last: -1, step: 1 } } as const;

export const ssubscribe = command({
  ...ofShard,
  name: "SSUBSCRIBE",
  complexity: "O(N) for N shard channels.",
  summary: "Subscribes to the messages of shard channels.",
  syntax: "shardchannel...",
  keys: keysFrom(1, "not_key"),
  run: subscribing("shard", "ssubscribe"),
});

export const sunsubscribe = command({
  ...ofShard,
  name: "SUNSUBSCRIBE",
  complexity: "O(N) for N shard channels.",
  summary: "Unsubscribes from shard channels, or from all of them if none is named.",
  syntax: "[shardchannel...]",
  keys: keysFrom(1, "not_key"),
  run: unsubscribing("shard", "sunsubscribe"),
});
