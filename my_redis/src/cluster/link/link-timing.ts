/**
 * Everything that follows from cluster-node-timeout, in milliseconds. A request that a node still takes in was sent
 * at most half a timeout and a quarter ago; and who sent it waits for at least that long before he tells his client
 * that it may not have been done. So nothing is done after that.
 */
export interface LinkTiming {
  /** Without an answer for so long a node counts as gone. */
  readonly timeoutMs: number;
  /** Between two signs of life. */
  readonly tickMs: number;
  /** A node that has not been heard for so long is sent nothing new before it is heard again. */
  readonly suspectMs: number;
  /** What arrives after a silence that was longer is not run: it may be old. */
  readonly silenceMs: number;
  /** What was under way for so much longer than usual is not run either. */
  readonly delayMs: number;
}

const shortestTickMs = 10;
const longestTickMs = 1000;

export const linkTiming = (timeoutMs: number): LinkTiming => ({
  timeoutMs,
  tickMs: Math.min(Math.max(Math.floor(timeoutMs / 8), shortestTickMs), longestTickMs),
  suspectMs: timeoutMs / 4,
  silenceMs: timeoutMs / 2,
  delayMs: timeoutMs / 4,
});
