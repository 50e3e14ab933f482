import type { EmbeddedStore, StoredMessage } from "./embedded-store.ts";

/**
 * Knows which of the stored messages wait and which are in a consumer's hands. Only this process may open the file, so
 * memory is enough: after a restart no message is in hand, and all stored messages wait.
 */
export class EmbeddedDispatch {
  readonly #store: EmbeddedStore;
  /** Messages with a higher id have not been delivered since the file was opened. */
  #cursor = 0;
  /** Messages to deliver again, before newer ones. */
  #released: number[] = [];
  #stored: number;
  #inHand = 0;

  constructor(store: EmbeddedStore) {
    this.#store = store;
    this.#stored = store.count();
  }

  get ready(): number {
    return this.#stored - this.#inHand;
  }

  get inHand(): number {
    return this.#inHand;
  }

  /** Whether any message waits or is in a consumer's hands. */
  get holdsMessages(): boolean {
    return this.#stored > 0;
  }

  /** All messages in the file. */
  get stored(): number {
    return this.#stored;
  }

  noteAppended(count: number): void {
    this.#stored += count;
  }

  /** Up to `limit` messages, which are then in the caller's hands. If it throws, nothing has changed. */
  take(limit: number): StoredMessage[] {
    const again = this.#released.slice(0, limit);
    const fresh = this.#store.after(this.#cursor, limit - again.length);
    const taken = [...again.flatMap((id) => this.#store.read(id) ?? []), ...fresh];
    this.#released.splice(0, again.length);
    this.#cursor = fresh.at(-1)?.id ?? this.#cursor;
    this.#inHand += taken.length;
    return taken;
  }

  /** Removes messages that were decided. If it throws, nothing has changed. */
  acknowledge(messages: readonly StoredMessage[]): void {
    this.#store.remove(messages.map(({ id }) => id));
    this.#stored -= messages.length;
    this.#inHand -= messages.length;
  }

  /** Messages without a decision wait again. */
  release(messages: readonly StoredMessage[]): void {
    this.#inHand -= messages.length;
    this.#released.unshift(...messages.map(({ id }) => id));
  }
}
