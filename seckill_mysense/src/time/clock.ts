/** The time as the sale's parts take it. A part that needs one of the two takes that one alone. */
export interface Clock {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Milliseconds since some fixed moment, never going back: for time limits, pauses and measuring. */
  readonly elapsedMs: () => number;
}

export const systemClock: Clock = { now: () => Date.now(), elapsedMs: () => performance.now() };
