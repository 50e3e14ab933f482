export interface WaitOptions {
  /** The awaited event, as the error names it: "redis-server to answer PING". */
  what: string;
  timeoutMs: number;
  intervalMs?: number;
}

/** Asks again and again until the answer is true. Throws when `timeoutMs` have passed; an error of `check` ends it. */
export async function waitUntil(
  check: () => boolean | Promise<boolean>,
  { what, timeoutMs, intervalMs = 20 }: WaitOptions,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
