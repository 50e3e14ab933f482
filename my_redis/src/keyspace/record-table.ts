import { copyBytes } from "../values/copy-bytes.ts";
import type { HalfSipHash } from "../values/half-sip-hash.ts";
import type { Address, Heap } from "./heap.ts";
import type { ObjectValue } from "./object-table.ts";
import { RecordIndex } from "./record-index.ts";
import * as record from "./record.ts";

const noExpiry = -1;
/** What the heap's blocks and the index weigh besides, for the estimate of memory. */
const objectBytes = 400;

/**
 * A hash table in the record heap: byte strings to byte strings, one record each. Large hashes are such tables, and
 * with empty values large sets. Addresses that it hands out are valid until the next change of that entry.
 */
export class RecordTable implements ObjectValue {
  readonly #heap: Heap;
  readonly #hasher: HalfSipHash;
  readonly #index: RecordIndex;
  #recordBytes = 0;
  #releaseCursor = 0;

  constructor(heap: Heap, hasher: HalfSipHash) {
    this.#heap = heap;
    this.#hasher = hasher;
    this.#index = new RecordIndex(heap);
  }

  get size(): number {
    return this.#index.size;
  }

  /** Slots of the table, and of the one that it grows or shrinks from. */
  get capacity(): number {
    return this.#index.capacity;
  }

  get resizing(): boolean {
    return this.#index.resizing;
  }

  get memoryBytes(): number {
    return objectBytes + this.#index.memoryBytes + this.#recordBytes;
  }

  /** Makes room for `count` entries at once. */
  reserve(count: number): void {
    this.#index.reserve(count);
  }

  /** The record with this key, or 0. */
  find(key: Uint8Array, start: number, end: number): Address {
    return this.#index.find(this.#hasher.hash(key, start, end), key, start, end);
  }

  /** Sets a key to value[valueStart, valueEnd); true when the key is new. */
  set(key: Uint8Array, start: number, end: number, value: Uint8Array, valueStart: number, valueEnd: number): boolean {
    const heap = this.#heap;
    const hash = this.#hasher.hash(key, start, end);
    const length = valueEnd - valueStart;
    let address = this.#index.find(hash, key, start, end);
    const isNew = address === 0;
    if (isNew) {
      address = this.#create(key, start, end, length);
      this.#index.insert(hash, address);
    } else if (!this.#resizeInPlace(address, length)) {
      const moved = this.#create(key, start, end, length);
      this.#index.replace(hash, address, moved);
      this.#free(address);
      address = moved;
    }
    copyBytes(value, valueStart, valueEnd, record.bytesOf(heap, address), record.valueStartOf(heap, address));
    return isNew;
  }

  /** Adds a key that the table does not have, with `length` bytes of value for the caller to write. */
  add(key: Uint8Array, start: number, end: number, length: number): Address {
    const address = this.#create(key, start, end, length);
    this.#index.insert(this.#hasher.hash(key, start, end), address);
    return address;
  }

  #create(key: Uint8Array, start: number, end: number, length: number): Address {
    const heap = this.#heap;
    const address = heap.allocate(record.recordBytes(end - start, length, false));
    this.#recordBytes += heap.capacity(address);
    record.writeRecord(heap, address, key, start, end, length, 0, 0, noExpiry);
    return address;
  }

  #resizeInPlace(address: Address, length: number): boolean {
    const heap = this.#heap;
    const size = record.recordBytes(record.keyLengthOf(heap, address), length, record.hasExpiry(heap, address));
    const capacity = heap.capacity(address);
    if (size > capacity || (capacity > 64 && size * 2 < capacity)) return false;
    record.setValueLength(heap, address, length);
    return true;
  }

  #free(address: Address): void {
    this.#recordBytes -= this.#heap.capacity(address);
    this.#heap.free(address);
  }

  /** Removes a key; false when there is none. */
  remove(key: Uint8Array, start: number, end: number): boolean {
    const hash = this.#hasher.hash(key, start, end);
    const address = this.#index.find(hash, key, start, end);
    if (address === 0) return false;
    this.#index.remove(hash, address);
    this.#free(address);
    return true;
  }

  /** Visits some entries and returns the next cursor, 0 at the end; see `RecordIndex.scan`. */
  scan(cursor: number, visit: (address: Address) => void): number {
    return this.#index.scan(cursor, visit);
  }

  /** Visits every entry. The visitor must not change the table. */
  forEach(visit: (address: Address) => void): void {
    this.#index.forEach(visit);
  }

  /** An entry, each as likely as any other; 0 when there is none. `random` gives numbers in [0, 1). */
  random(random: () => number): Address {
    return this.#index.random(random);
  }

  copy(): RecordTable {
    const heap = this.#heap;
    const copy = new RecordTable(heap, this.#hasher);
    copy.reserve(this.size);
    this.forEach((address) => {
      const bytes = record.bytesOf(heap, address);
      const key = record.keyStartOf(heap, address);
      const value = record.valueStartOf(heap, address);
      copy.set(
        bytes,
        key,
        key + record.keyLengthOf(heap, address),
        bytes,
        value,
        value + record.valueLengthOf(heap, address),
      );
    });
    return copy;
  }

  release(budget: number): boolean {
    const heap = this.#heap;
    let left = budget;
    // The index is dropped as a whole at the end: records are freed, entries stay, so the cursor holds.
    do {
      this.#releaseCursor = this.#index.scan(this.#releaseCursor, (address) => {
        heap.free(address);
        left--;
      });
      left--;
    } while (this.#releaseCursor !== 0 && left > 0);
    if (this.#releaseCursor !== 0) return false;
    this.#index.dispose();
    return true;
  }
}
