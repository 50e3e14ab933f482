import type { EmbeddedStore, StoredMessage } from "./embedded-store.ts";
import type { DeliveryVerdict } from "./queue.ts";

/**
 * Knows which of the stored messages wait and which are in a consumer's hands. Only this process may open the file, so
 * memory is enough: after a restart no message is in hand, and all stored messages wait.
 */
export class EmbeddedDispatch {
  readonly #store: EmbeddedStore;
  readonly #deliveryLimit: number;
  /** Messages with a higher id have not been delivered since the file was opened. */
  #cursor = 0;
  /** Messages to deliver again, before newer ones. */
  #requeued: number[] = [];
  #messages: number;
  #deadLetters: number;
  #inHand = 0;

  constructor(store: EmbeddedStore, deliveryLimit: number) {
    this.#store = store;
    this.#deliveryLimit = deliveryLimit;
    const { messages, deadLetters } = store.counts();
    this.#messages = messages;
    this.#deadLetters = deadLetters;
  }

  get ready(): number {
    return this.#messages - this.#inHand;
  }

  get deadLetters(): number {
    return this.#deadLetters;
  }

  /** Whether any message waits or is in a consumer's hands. */
  get holdsMessages(): boolean {
    return this.#messages > 0;
  }

  /** All messages in the file. */
  get stored(): number {
    return this.#messages + this.#deadLetters;
  }

  noteAppended(count: number): void {
    this.#messages += count;
  }

  /**
   * Up to `limit` messages, which are then in the caller's hands. Messages that were delivered too often become dead
   * letters instead, whether a verdict or a dying process ended their deliveries. If it throws, nothing has changed.
   */
  take(limit: number): StoredMessage[] {
    const again = this.#requeued.slice(0, limit);
    const fresh = this.#store.after(this.#cursor, limit - again.length);
    const found = [...again.flatMap((id) => this.#store.read(id) ?? []), ...fresh];
    const isSpent = (message: StoredMessage): boolean => message.deliveries > this.#deliveryLimit;
    const dead = found.filter(isSpent).map(({ id }) => id);
    const taken = found.filter((message) => !isSpent(message));
    if (taken.length > 0) this.#store.countDeliveries(taken.map(({ id }) => id));
    if (dead.length > 0) this.#store.settle({ done: [], dead });
    this.#requeued.splice(0, again.length);
    this.#cursor = fresh.at(-1)?.id ?? this.#cursor;
    this.#messages -= dead.length;
    this.#deadLetters += dead.length;
    this.#inHand += taken.length;
    return taken;
  }

  /** Carries the verdicts out. If it throws, nothing has changed. */
  settle(messages: readonly StoredMessage[], verdicts: readonly DeliveryVerdict[]): void {
    const done: number[] = [];
    const dead: number[] = [];
    const requeued: number[] = [];
    const piles = { acknowledge: done, dead_letter: dead, requeue: requeued };
    for (const [i, { id }] of messages.entries()) piles[verdicts[i] ?? "requeue"].push(id);
    if (done.length + dead.length > 0) this.#store.settle({ done, dead });
    this.#messages -= done.length + dead.length;
    this.#deadLetters += dead.length;
    this.#inHand -= messages.length;
    this.#requeued.push(...requeued);
  }

  /** Messages without a decision wait again. With `uncount` their delivery does not count. */
  release(messages: readonly StoredMessage[], { uncount }: { readonly uncount: boolean }): void {
    const ids = messages.map(({ id }) => id);
    if (uncount) this.#store.uncountDeliveries(ids);
    this.#inHand -= ids.length;
    this.#requeued.unshift(...ids);
  }
}
