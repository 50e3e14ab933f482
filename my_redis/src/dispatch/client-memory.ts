import type { Client } from "./client.ts";

/** Estimates: what a client's objects weigh, and each name that he listens to or watches. */
const clientObjectBytes = 2048;
const nameBytes = 128;

/** Memory that a client takes: what he has sent and is not done, what he has not taken yet, and what is kept for him. */
export function clientBytes({ channel, subscriptions, transaction, watched }: Client): number {
  let names = watched.length;
  if (subscriptions !== undefined) {
    names += subscriptions.channel.size + subscriptions.pattern.size + subscriptions.shard.size;
  }
  const bufferBytes = channel.heldBytes + channel.pendingBytes + (transaction?.queuedBytes ?? 0);
  return clientObjectBytes + bufferBytes + names * nameBytes;
}
