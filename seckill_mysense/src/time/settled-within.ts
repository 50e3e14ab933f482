/** What the promise resolves to, or undefined when it rejects or takes longer than the time limit. Never rejects. */
export function settledWithin<T>(timeoutMs: number, promise: Promise<T>): Promise<T | undefined> {
  const { promise: timedOut, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), timeoutMs);
  return Promise.race([promise, timedOut])
    .catch(() => undefined)
    .finally(() => clearTimeout(timer));
}
