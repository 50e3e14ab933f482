import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { BlockReader } from "../../values/stream/block-reader.ts";
import type { Count64 } from "../../values/stream/count-64.ts";
import { maxIdBytes, type StreamId } from "../../values/stream/stream-id.ts";

const dollar = 36;
const zero = 48;

/**
 * Writes an id as a bulk string. Returns where its text starts in the reply's buffer. The text ends two bytes before
 * the buffer's end.
 */
export function replyId(reply: ReplyWriter, id: StreamId): number {
  reply.ensure(maxIdBytes + 8);
  const { bytes: buffer } = reply;
  // Writes the text directly to its final place, behind "$", two digits and a line break. A text of fewer than ten
  // bytes has only one digit before it and is moved back.
  const start = reply.length + 5;
  const end = id.write(buffer, start);
  const length = end - start;
  let at = reply.length;
  buffer[at++] = dollar;
  if (length >= 10) buffer[at++] = zero + ((length / 10) | 0);
  buffer[at++] = zero + (length % 10);
  buffer[at++] = 13;
  buffer[at++] = 10;
  if (length < 10) buffer.copyWithin(at, start, end);
  buffer[at + length] = 13;
  buffer[at + length + 1] = 10;
  reply.length = at + length + 2;
  return at;
}

/** Writes an entry: its id, and an array of its fields and values. */
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
