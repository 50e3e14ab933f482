import type { ReplyWriter } from "../../protocol/reply-writer.ts";

const redirectChannel = "__redis__:invalidate";

/** Keys have one character per byte; undefined stands for all keys. */
export type InvalidKeys = readonly string[] | undefined;

export function invalidation(message: ReplyWriter, keys: InvalidKeys): void {
  message.push(2);
  message.bulkText("invalidate");
  writeKeys(message, keys);
}

/** For RESP2, where only messages of a subscription can be pushed. */
export function channelMessage(message: ReplyWriter, keys: InvalidKeys): void {
  message.push(3);
  message.bulkText("message");
  message.bulkText(redirectChannel);
  writeKeys(message, keys);
}

export function brokenMessage(message: ReplyWriter, redirect: number): void {
  message.push(2);
  message.bulkText("tracking-redir-broken");
  message.integer(redirect);
}

function writeKeys(message: ReplyWriter, keys: InvalidKeys): void {
  if (keys === undefined) {
    message.null();
    return;
  }
  message.array(keys.length);
  for (const key of keys) message.bulkLatin1(key);
}
