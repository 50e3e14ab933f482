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

// What XCLAIM and XAUTOCLAIM share. Both have key, group and consumer as their first arguments.

const cursor = new StreamCursor();

/** Gives a pending entry to the consumer, and answers with it or with its id alone. */
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
 * Removes a pending entry that the stream has no longer; the place is then that of the next one, and the result false
 * when there is none.
 */
export function dropEntry(
  context: Context,
  args: Arguments,
  group: ConsumerGroup,
  id: StreamId,
  place: IdPlace,
): boolean {
  // A reader of the log finds, as we did, that the entry is gone, and drops it from what is pending.
  logClaim(context, args.view(1), args.latin1(2), group, id, place);
  context.keyspace.dirty++;
  return group.remove(id, place);
}
