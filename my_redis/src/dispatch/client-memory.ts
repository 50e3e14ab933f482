import type { Client } from "./client.ts";

/** Estimates: the size of a client's objects, and of each name that it subscribes to or watches. */
const clientObjectBytes = 2048;
const nameBytes = 128;

/**
 * Memory that a client takes: its unfinished requests, its unread replies, and its subscriptions, transaction and
 * watched keys.
 */
export function clientBytes({ channel, subscriptions, transaction, watched }: Client): number {
  let names = watched.length;
  if (subscriptions !== undefined) {
    names += subscriptions.channel.size + subscriptions.pattern.size + subscriptions.shard.size;
  }
  const bufferBytes = channel.heldBytes + channel.pendingBytes + (transaction?.queuedBytes ?? 0);
  return clientObjectBytes + bufferBytes + names * nameBytes;
}
