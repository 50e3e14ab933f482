/** Waits, or returns at once when the signal is (or becomes) aborted. Never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}

/** Doubles with every failure in a row, from `firstMs` up to `maxMs`. `failures` counts from 1. */
export function backoffMs(failures: number, limits: { readonly firstMs: number; readonly maxMs: number }): number {
  return Math.min(limits.firstMs * 2 ** Math.min(failures - 1, 30), limits.maxMs);
}
