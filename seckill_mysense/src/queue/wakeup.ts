/** Wakes every waiter of the moment. */
export class Wakeup {
  #next = Promise.withResolvers<void>();

  /** Resolves at the next `wake`. */
  get next(): Promise<void> {
    return this.#next.promise;
  }

  wake(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  }
}
