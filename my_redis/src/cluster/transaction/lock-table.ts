import { latin1Text } from "../../protocol/arguments.ts";
import type { TransactionId } from "./transaction-message.ts";

/** A key, one character per byte. */
export type LockedKey = string;

/**
 * The keys that transactions hold. From the preparation to the end of a transaction, no other request reads or writes
 * them. A key is held in all databases, because MOVE, COPY, and SELECT in MULTI reach others than the client's.
 */
export class LockTable {
  readonly #holders = new Map<LockedKey, TransactionId>();

  get size(): number {
    return this.#holders.size;
  }

  holderOf(key: Uint8Array): TransactionId | undefined {
    return this.#holders.size === 0 ? undefined : this.#holders.get(nameOf(key));
  }

  isHeld(key: LockedKey): boolean {
    return this.#holders.has(key);
  }

  /** Locks all of the keys, or none when another transaction holds one of them. A key may be named twice. */
  take(id: TransactionId, keys: readonly Uint8Array[]): boolean {
    const names = keys.map(nameOf);
    if (names.some((name) => (this.#holders.get(name) ?? id) !== id)) return false;
    for (const name of names) this.#holders.set(name, id);
    return true;
  }

  release(id: TransactionId, keys: readonly Uint8Array[]): void {
    for (const name of keys.map(nameOf)) if (this.#holders.get(name) === id) this.#holders.delete(name);
  }
}

const nameOf = (key: Uint8Array): LockedKey => latin1Text(key, 0, key.length);
