import { latin1Text } from "../../protocol/arguments.ts";
import type { TransactionId } from "./transaction-message.ts";

/** A database's number and a key, one character per byte. */
export type LockPlace = string;

const placeOf = (database: number, key: Uint8Array, start: number, end: number): LockPlace =>
  `${database}:${latin1Text(key, start, end)}`;

/** The keys that transactions hold. From the preparation to the end of a transaction, no other request reads or writes
 * them. */
export class LockTable {
  readonly #holders = new Map<string, TransactionId>();

  get size(): number {
    return this.#holders.size;
  }

  /** The transaction that holds key[start, end). */
  holderOf(database: number, key: Uint8Array, start = 0, end: number = key.length): TransactionId | undefined {
    if (this.#holders.size === 0) return undefined;
    return this.#holders.get(placeOf(database, key, start, end));
  }

  /** Where key[start, end) is held; undefined when it is not. */
  heldPlace(database: number, key: Uint8Array, start: number, end: number): LockPlace | undefined {
    const place = placeOf(database, key, start, end);
    return this.#holders.has(place) ? place : undefined;
  }

  isHeld(place: LockPlace): boolean {
    return this.#holders.has(place);
  }

  /** Locks all of the keys, or none when another transaction holds one of them. A key may be named twice. */
  take(id: TransactionId, database: number, keys: readonly Uint8Array[]): boolean {
    const places = keys.map((key) => placeOf(database, key, 0, key.length));
    if (places.some((place) => (this.#holders.get(place) ?? id) !== id)) return false;
    for (const place of places) this.#holders.set(place, id);
    return true;
  }

  release(id: TransactionId, database: number, keys: readonly Uint8Array[]): void {
    for (const key of keys) {
      const place = placeOf(database, key, 0, key.length);
      if (this.#holders.get(place) === id) this.#holders.delete(place);
    }
  }
}
