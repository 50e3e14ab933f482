/** Unix milliseconds: the moments that stand in the ledger. */
export const systemTime = (): number => Date.now();

/** Milliseconds since some fixed moment, never going back: for time limits. */
export const monotonicTime = (): number => performance.now();
