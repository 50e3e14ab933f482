import type { HashValue } from "../../collections/hash-value.ts";
import type { ByteRange } from "../../memory/byte-range.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";

/** Writes a field's value, or nil when it is missing. */
export function replyValue(reply: ReplyWriter, value: ByteRange | undefined): void {
  if (value === undefined) reply.null();
  else reply.bulk(value.bytes, value.start, value.end);
}

/**
 * Writes the values of the fields from argument `first` on. `visit` is called for each existing field with the hash and
 * the field's position, after the value was written. It may change or delete the field.
 */
export function replyValues(
  hash: HashValue | undefined,
  args: Arguments,
  first: number,
  reply: ReplyWriter,
  visit?: (hash: HashValue, index: number) => void,
): void {
  reply.array(args.count - first);
  for (let index = first; index < args.count; index++) {
    const value = hash?.get(args.buffer, args.start(index), args.end(index));
    replyValue(reply, value);
    if (hash !== undefined && value !== undefined) visit?.(hash, index);
  }
}
