import { LedgerUnavailableError } from "../ledger-errors.ts";

export interface CallBatcherOptions<Item, Outcome> {
  /** What the items are, in the plural, for messages. */
  readonly name: string;
  /** Does the work of all items, in one transaction if it writes, and gives their outcomes in the order of the items. */
  readonly run: (items: readonly Item[]) => Promise<readonly Outcome[]>;
  readonly maxBatch: number;
  /** Most batches at a time. It is below the number of connections, so that other work always finds a free one. */
  readonly maxRunning: number;
  /** Most items that wait for a batch; further calls fail at once. */
  readonly maxWaiting: number;
}

interface WaitingCall<Item, Outcome> {
  readonly item: Item;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
}

/**
 * Joins calls that arrive while others are running into one batch. A lone call starts at once, so joining costs it
 * nothing. Under load the queries and commits become fewer and larger.
 */
export class CallBatcher<Item, Outcome> {
  readonly #options: CallBatcherOptions<Item, Outcome>;
  #waiting: WaitingCall<Item, Outcome>[] = [];
  #running = 0;

  constructor(options: CallBatcherOptions<Item, Outcome>) {
    this.#options = options;
  }

  /** Rejects like `run`, or with `LedgerUnavailableError` when too many calls wait. */
  call(item: Item): Promise<Outcome> {
    const { name, maxWaiting } = this.#options;
    if (this.#waiting.length >= maxWaiting) {
      return Promise.reject(new LedgerUnavailableError(`${maxWaiting} ${name} wait for the ledger already`));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    this.#waiting.push({ item, resolve, reject });
    // Calls of the same turn of the event loop join the first one.
    queueMicrotask(() => this.#start());
    return promise;
  }

  #start(): void {
    const { maxRunning, maxBatch } = this.#options;
    while (this.#running < maxRunning && this.#waiting.length > 0) {
      const calls = this.#waiting.splice(0, maxBatch);
      this.#running++;
      void this.#run(calls).finally(() => {
        this.#running--;
        this.#start();
      });
    }
  }

  /** One bad item fails the transaction of its batch. Each item then gets a transaction of its own. */
  async #run(calls: readonly WaitingCall<Item, Outcome>[]): Promise<void> {
    try {
      const outcomes = await this.#options.run(calls.map(({ item }) => item));
      for (const [index, call] of calls.entries()) call.resolve(outcomes[index] as Outcome);
    } catch (error) {
      const isShared = calls.length === 1 || error instanceof LedgerUnavailableError;
      if (isShared) for (const call of calls) call.reject(error);
      else for (const call of calls) await this.#run([call]);
    }
  }
}
