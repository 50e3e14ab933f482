import { CommandError } from "../protocol/command-error.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";

/**
 * The most elements that one request may draw with repetition. redis-server has no limit, so one such request can block
 * it for good.
 */
const maxDraws = 10_000_000;
/** The most bytes of the reply, because a long element may be repeated many times. */
const maxReplyBytes = 512 * 1024 * 1024;

/**
 * Lets `draw` write an element `count` times. Throws when a limit is exceeded, before the reply grows much beyond it.
 */
export function drawRepeatedly(count: number, reply: ReplyWriter, draw: () => void): void {
  if (count > maxDraws) {
    throw new CommandError(`ERR value is out of range, at most ${maxDraws} elements are drawn with repetition`);
  }
  const start = reply.length;
  for (let left = count; left > 0; left--) {
    draw();
    if (reply.length - start > maxReplyBytes) {
      throw new CommandError(`ERR value is out of range, the elements drawn take more than ${maxReplyBytes} bytes`);
    }
  }
}
