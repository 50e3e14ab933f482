import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { Consumer, ConsumerGroup } from "../../values/stream/consumer-group.ts";
import { type Count64, plus } from "../../values/stream/count-64.ts";
import type { IdPlace } from "../../values/stream/id-map.ts";
import type { Stream } from "../../values/stream/stream.ts";
import { StreamCursor } from "../../values/stream/stream-cursor.ts";
import type { StreamId } from "../../values/stream/stream-id.ts";
import { logClaim } from "./group-log.ts";
import { replyEntry, replyId } from "./stream-replies.ts";

// Shared by XCLAIM and XAUTOCLAIM. The first arguments of both are key, group and consumer.

const cursor = new StreamCursor();

/** Assigns a pending entry to the consumer, and writes the entry or only its id. */
export function claimEntry(
  context: Context,
  args: Arguments,
  { stream, group, consumer }: { stream: Stream; group: ConsumerGroup; consumer: Consumer },
  { id, place }: { id: StreamId; place: IdPlace },
  how: { deliveredMs: number; retryCount: Count64 | undefined; justId: boolean },
  reply: ReplyWriter,
): void {
  const { pending } = group;
  group.assign(id, place, consumer);
  pending.setDeliveredMs(place, how.deliveredMs);
  if (how.retryCount !== undefined) pending.setDeliveries(place, how.retryCount);
  else if (!how.justId) pending.setDeliveries(place, plus(pending.deliveries(place), 1));
  consumer.activeMs = context.now;
  if (how.justId) {
    replyId(reply, id);
  } else {
    cursor.begin(stream.blocks, id, id, false);
    if (cursor.next()) replyEntry(reply, cursor.entry);
  }
  context.keyspace.dirty++;
  logClaim(context, args.view(1), args.latin1(2), group, id, place);
}

/**
 * Removes a pending entry that the stream no longer contains. Then `place` is the next pending entry, or the result is
 * false after the last one.
 */
export function dropEntry(
  context: Context,
  args: Arguments,
  group: ConsumerGroup,
  id: StreamId,
  place: IdPlace,
): boolean {
  // Replaying this claim finds that the entry is missing, and removes it from the pending entries as well.
  logClaim(context, args.view(1), args.latin1(2), group, id, place);
  context.keyspace.dirty++;
  return group.remove(id, place);
}
