/** Both kinds of time. A part of the sale that needs only one of them takes only that one. */
export interface Clock {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Milliseconds since some fixed moment, never going back: for time limits, pauses and measuring. */
  readonly elapsedMs: () => number;
}

export const systemClock: Clock = { now: () => Date.now(), elapsedMs: () => performance.now() };
