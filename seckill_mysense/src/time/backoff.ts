export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
  /** From 0 to below 1: spreads the retries of parts that failed together. Without it pauses have their full length. */
  readonly random?: () => number;
}

const fullPause = (): number => 1;

/**
 * The pause in milliseconds after `failures` failures in a row, counted from 1. It doubles from `firstMs` up to `maxMs`,
 * and `random` shortens it to between half and the full length.
 */
export function backoffMs(failures: number, { firstMs, maxMs, random = fullPause }: Backoff): number {
  const fullMs = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return fullMs * (0.5 + 0.5 * random());
}
