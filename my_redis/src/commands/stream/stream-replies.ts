import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { BlockReader } from "../../values/stream/block-reader.ts";
import type { Count64 } from "../../values/stream/count-64.ts";
import { maxIdBytes, type StreamId } from "../../values/stream/stream-id.ts";

const idText = new Uint8Array(maxIdBytes);

/** Answers with an id as a bulk string. */
export function replyId(reply: ReplyWriter, id: StreamId): void {
  reply.bulk(idText, 0, id.write(idText, 0));
}

/** Answers with an entry: its id, and an array of its fields and values. */
export function replyEntry(reply: ReplyWriter, entry: BlockReader): void {
  reply.array(2);
  replyId(reply, entry.id);
  reply.array(entry.fieldCount * 2);
  entry.beginFields();
  while (entry.nextField()) {
    const { field, value } = entry;
    reply.bulk(field.bytes, field.start, field.end);
    reply.bulk(value.bytes, value.start, value.end);
  }
}

export function replyCount64(reply: ReplyWriter, count: Count64): void {
  if (typeof count === "number") reply.integer(count);
  else reply.int64(count);
}
