export interface Clock {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Milliseconds since any moment, for measuring. */
  readonly elapsedMs: () => number;
}

export const systemClock: Clock = { now: () => Date.now(), elapsedMs: () => performance.now() };
