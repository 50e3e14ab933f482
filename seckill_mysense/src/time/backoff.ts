export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
  /** From 0 to below 1: spreads those that failed together. */
  readonly random: () => number;
}

/** How long to wait before the retry after `failures` failures in a row: doubling, bounded, at least half of it fixed. */
export function backoffMs(failures: number, { firstMs, maxMs, random }: Backoff): number {
  const fullMs = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return fullMs * (0.5 + 0.5 * random());
}
