export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
  /** From 0 to below 1: spreads parts that failed together. Without it the full pause is taken. */
  readonly random?: () => number;
}

const fullPause = (): number => 1;

/**
 * How long to wait before the retry after `failures` failures in a row (from 1): doubling, bounded, and with `random`
 * at least half of that.
 */
export function backoffMs(failures: number, { firstMs, maxMs, random = fullPause }: Backoff): number {
  const fullMs = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return fullMs * (0.5 + 0.5 * random());
}
