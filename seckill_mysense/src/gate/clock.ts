/** Milliseconds since some fixed moment, never going back. For waits; no clock of ours decides about a sale. */
export type Clock = () => number;

export const monotonicClock: Clock = () => performance.now();
