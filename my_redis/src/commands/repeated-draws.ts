import { CommandError } from "../protocol/command-error.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";

/** Elements that one request may have drawn anew each time. redis-server has no limit, and is lost with such a request. */
const maxDraws = 10_000_000;
/** Bytes of their reply: an element may be as long as it likes, and is repeated. */
const maxReplyBytes = 512 * 1024 * 1024;

/** Lets `draw` write an element `count` times. Throws, before too much is written, when that is beyond the limits. */
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
