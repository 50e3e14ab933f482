import type { EmbeddedStore, StoredMessage } from "./embedded-store.ts";
import type { DeliveryVerdict } from "./queue.ts";

/**
 * Which of the stored messages wait and which are in a consumer's hand. Only this process may have the file open, so
 * that is known in memory: after a restart nothing is in hand, and whatever is stored waits.
 */
export class EmbeddedDispatch {
  readonly #store: EmbeddedStore;
  readonly #deliveryLimit: number;
  /** Messages with a higher id were not handed out since the file was opened. */
  #cursor = 0;
  /** To be handed out again, ahead of the newer ones. */
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

  /** All that the file holds. */
  get stored(): number {
    return this.#messages + this.#deadLetters;
  }

  noteAppended(count: number): void {
    this.#messages += count;
  }

  /**
   * Up to `limit` messages that are now in the caller's hand. Those that were handed out too often become dead letters
   * instead, wherever their deliveries came to nothing: in a verdict, or in the end of the process. Nothing has changed
   * when it throws.
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

  /** Puts the verdicts into effect. When it throws, nothing has changed. */
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

  /** Nothing was decided about these: they wait again. With `uncount`, as if they had not been handed out. */
  release(messages: readonly StoredMessage[], { uncount }: { readonly uncount: boolean }): void {
    const ids = messages.map(({ id }) => id);
    if (uncount) this.#store.uncountDeliveries(ids);
    this.#inHand -= ids.length;
    this.#requeued.unshift(...ids);
  }
}
