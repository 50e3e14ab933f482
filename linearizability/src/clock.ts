/** A monotonic clock in milliseconds. */
export const monotonicMs = (): number => performance.now();
