import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { type Consumer, type ConsumerGroup, unknownEntriesRead } from "../../values/stream/consumer-group.ts";
import { IdPlace } from "../../values/stream/id-map.ts";
import type { Stream } from "../../values/stream/stream.ts";
import { StreamCursor } from "../../values/stream/stream-cursor.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { replyCount64, replyEntry, replyId } from "./stream-replies.ts";

// XINFO STREAM ... FULL. `count` limits each list of entries; Infinity for all.

const lowest = new StreamId().setLowest();
const highest = new StreamId().setHighest();
const cursor = new StreamCursor();
const id = new StreamId();
const place = new IdPlace();
const own = new IdPlace();

/** The first entries of the stream. */
export function replyEntries(stream: Stream, count: number, reply: ReplyWriter): void {
  reply.array(Math.min(count, stream.length));
  cursor.begin(stream.blocks, lowest, highest, false);
  for (let found = 0; found < count && cursor.next(); found++) replyEntry(reply, cursor.entry);
}

export function replyGroupInFull(
  stream: Stream,
  name: string,
  group: ConsumerGroup,
  count: number,
  reply: ReplyWriter,
): void {
  reply.map(7);
  reply.bulkText("name");
  reply.bulkLatin1(name);
  reply.bulkText("last-delivered-id");
  replyId(reply, group.lastId);
  replyProgress(stream, group, reply);
  reply.bulkText("pel-count");
  reply.integer(group.pending.size);
  reply.bulkText("pending");
  replyPending(group, count, reply);
  reply.bulkText("consumers");
  reply.array(group.consumerCount);
  for (const consumer of group.consumers()) replyConsumer(group, consumer, count, reply);
}

/** How many entries the group has read, and how many it has yet to read; null where unknown. */
export function replyProgress(stream: Stream, group: ConsumerGroup, reply: ReplyWriter): void {
  reply.bulkText("entries-read");
  if (group.entriesRead === unknownEntriesRead) reply.null();
  else replyCount64(reply, group.entriesRead);
  reply.bulkText("lag");
  const lag = stream.lagOf(group);
  if (lag === undefined) reply.null();
  else replyCount64(reply, lag);
}

function replyPending(group: ConsumerGroup, count: number, reply: ReplyWriter): void {
  const { pending } = group;
  reply.array(Math.min(count, pending.size));
  let more = pending.map.first(place);
  for (let found = 0; more && found < count; found++, more = pending.map.next(place)) {
    reply.array(4);
    replyId(reply, pending.map.readId(place, id));
    reply.bulkLatin1(group.consumerAt(place).name);
    reply.integer(pending.deliveredMs(place));
    replyCount64(reply, pending.deliveries(place));
  }
}

function replyConsumer(group: ConsumerGroup, consumer: Consumer, count: number, reply: ReplyWriter): void {
  const { pending } = consumer;
  reply.map(5);
  reply.bulkText("name");
  reply.bulkLatin1(consumer.name);
  reply.bulkText("seen-time");
  reply.integer(consumer.seenMs);
  reply.bulkText("active-time");
  reply.integer(consumer.activeMs);
  reply.bulkText("pel-count");
  reply.integer(pending.size);
  reply.bulkText("pending");
  reply.array(Math.min(count, pending.size));
  let more = pending.first(own);
  for (let found = 0; more && found < count; found++, more = pending.next(own)) {
    reply.array(3);
    replyId(reply, pending.readId(own, id));
    group.pending.map.find(id, place);
    reply.integer(group.pending.deliveredMs(place));
    replyCount64(reply, group.pending.deliveries(place));
  }
}
