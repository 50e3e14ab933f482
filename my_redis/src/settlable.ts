/** A promise together with what settles it. */
export interface Settlable {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

/** As Promise.withResolvers, which Node 20 lacks. */
export function settlable(): Settlable {
  let resolve = (): void => {};
  let reject = (_error: Error): void => {};
  const promise = new Promise<void>((resolvePromise, rejectPromise) => {
    resolve = resolvePromise;
    reject = rejectPromise;
  });
  return { promise, resolve, reject };
}
