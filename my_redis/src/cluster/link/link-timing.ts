/**
 * Everything that follows from cluster-node-timeout, in milliseconds. A request that a node accepts was sent
 * at most three quarters of a timeout ago. The sender waits for at least that long before it answers the client that the
 * request may be lost. So no request is carried out after that answer.
 */
export interface LinkTiming {
  /** Without an answer for so long a node counts as gone. */
  readonly timeoutMs: number;
  /** Between two signs of life. */
  readonly tickMs: number;
  /** A node that has not been heard for so long is sent nothing new before it is heard again. */
  readonly suspectMs: number;
  /** Messages that arrive after a longer silence may be old, and are not carried out. */
  readonly silenceMs: number;
  /** Messages that took so much longer than usual are not carried out either. */
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
