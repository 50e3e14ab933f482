/** The promise's value, or undefined if it rejects or exceeds the time limit. Never rejects. */
export function settledWithin<T>(timeoutMs: number, promise: Promise<T>): Promise<T | undefined> {
  const { promise: timedOut, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), timeoutMs);
  return Promise.race([promise, timedOut])
    .catch(() => undefined)
    .finally(() => clearTimeout(timer));
}
