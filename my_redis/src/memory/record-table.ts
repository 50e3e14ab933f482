import { copyBytes } from "./copy-bytes.ts";
import type { HalfSipHash } from "./half-sip-hash.ts";
import type { Address, Heap } from "./heap.ts";
import { filled, type ObjectValue } from "./object-table.ts";
import { RecordIndex } from "./record-index.ts";
import { RecordTimes } from "./record-times.ts";
import * as record from "./record.ts";

const noExpiry = -1;
/** Estimated bytes of the objects themselves, without the heap's blocks and the index. */
const objectBytes = 400;

/**
 * A hash table in the record heap: byte strings to byte strings, one record each. Large hashes are such tables, and
 * with empty values large sets. Addresses that it hands out are valid until the next change of that entry.
 */
export class RecordTable implements ObjectValue {
  readonly #heap: Heap;
  readonly #hasher: HalfSipHash;
  readonly #index: RecordIndex;
  /** Undefined while no entry has a time. */
  #times: RecordTimes | undefined;
  #recordBytes = 0;
  /** The slot of the index from which `release` continues. */
  #releaseFrom = 0;

  constructor(heap: Heap, hasher: HalfSipHash) {
    this.#heap = heap;
    this.#hasher = hasher;
    this.#index = new RecordIndex(heap);
  }

  get size(): number {
    return this.#index.size;
  }

  /** Slots of the index, and of the old one while it is being resized. */
  get capacity(): number {
    return this.#index.capacity;
  }

  get resizing(): boolean {
    return this.#index.resizing;
  }

  get memoryBytes(): number {
    return objectBytes + this.#index.memoryBytes + this.#recordBytes + (this.#times?.memoryBytes ?? 0);
  }

  /** Makes room for `count` entries at once. */
  reserve(count: number): void {
    this.#index.reserve(count);
  }

  /** The record with this key, or 0. */
  find(key: Uint8Array, start: number, end: number): Address {
    return this.#index.find(this.#hasher.hash(key, start, end), key, start, end);
  }

  /** The hash of a key, for the methods that take one. All tables of a server use the same hash. */
  hashOf(key: Uint8Array, start: number, end: number): number {
    return this.#hasher.hash(key, start, end);
  }

  /** As `find`, for a key whose hash is known. */
  findHashed(hash: number, key: Uint8Array, start: number, end: number): Address {
    return this.#index.find(hash, key, start, end);
  }

  /** Whether the table has an entry with the key of another table's entry. `hash` is the hash of that key. */
  hasKeyOf(hash: number, address: Address): boolean {
    return this.#index.hasKeyOf(hash, address);
  }

  /** Sets a key to value[valueStart, valueEnd); true when the key is new. */
  set(key: Uint8Array, start: number, end: number, value: Uint8Array, valueStart: number, valueEnd: number): boolean {
    const heap = this.#heap;
    const hash = this.#hasher.hash(key, start, end);
    const length = valueEnd - valueStart;
    let address = this.#index.find(hash, key, start, end);
    const isNew = address === 0;
    if (isNew) {
      address = this.addHashed(hash, key, start, end, length);
    } else {
      this.#index.step();
      if (!this.#resizeInPlace(address, length)) address = this.#move(hash, address, length);
    }
    copyBytes(value, valueStart, valueEnd, record.bytesOf(heap, address), record.valueStartOf(heap, address));
    return isNew;
  }

  /** Moves an entry to a block for a value of another length. The value is undefined afterwards. */
  #move(hash: number, address: Address, length: number): Address {
    const bytes = record.bytesOf(this.#heap, address);
    const start = record.keyStartOf(this.#heap, address);
    const moved = this.#create(bytes, start, start + record.keyLengthOf(this.#heap, address), length);
    this.#index.replace(hash, address, moved);
    this.#times?.moved(address, moved);
    this.#free(address);
    return moved;
  }

  /** Adds a key that the table does not have. The caller then writes the `length` bytes of its value. */
  add(key: Uint8Array, start: number, end: number, length: number): Address {
    return this.addHashed(this.#hasher.hash(key, start, end), key, start, end, length);
  }

  /** As `add`, for a key whose hash is known. */
  addHashed(hash: number, key: Uint8Array, start: number, end: number, length: number): Address {
    this.#index.makeRoom();
    const address = this.#create(key, start, end, length);
    this.#index.add(hash, address);
    return address;
  }

  /**
   * Adds records that the caller has written, without copying them: see `RecordIndex.addNew`. They belong to the table
   * then. `countRecords` must follow, once for many of them.
   */
  addRecords(entries: Int32Array, at: number, count: number, stride: number): number {
    return this.#index.addNew(entries, at, count, stride);
  }

  /** As `addRecords`, for one record; false when the table has its key. */
  addRecord(hash: number, address: Address): boolean {
    if (this.#index.hasKeyOf(hash, address)) return false;
    this.#index.insert(hash, address);
    return true;
  }

  /** Counts the memory of records that the caller has written. */
  countRecords(bytes: number): void {
    this.#recordBytes += bytes;
  }

  /** Adds a copy of another table's entry, whose key this table does not have. `hash` is the hash of the key. */
  addCopy(hash: number, entry: Address): Address {
    const heap = this.#heap;
    this.#index.makeRoom();
    const address = this.#allocate(record.keyLengthOf(heap, entry), record.valueLengthOf(heap, entry));
    record.copyRecord(heap, entry, address);
    // The tag belongs to the other table.
    record.setTagOf(heap, address, 0);
    this.#index.add(hash, address);
    return address;
  }

  #create(key: Uint8Array, start: number, end: number, length: number): Address {
    const heap = this.#heap;
    const address = this.#allocate(end - start, length);
    record.writeRecord(heap, address, key, start, end, length, 0, 0, noExpiry);
    return address;
  }

  #allocate(keyLength: number, valueLength: number): Address {
    const address = record.allocateRecord(this.#heap, keyLength, valueLength, false);
    this.#recordBytes += this.#heap.capacity(address);
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

  /** Removes a key; false when it is missing. */
  remove(key: Uint8Array, start: number, end: number): boolean {
    const hash = this.#hasher.hash(key, start, end);
    const address = this.#index.find(hash, key, start, end);
    if (address === 0) return false;
    this.#remove(hash, address);
    return true;
  }

  /** Removes the entry at this address. */
  removeEntry(address: Address): void {
    const heap = this.#heap;
    const start = record.keyStartOf(heap, address);
    const hash = this.#hasher.hash(record.bytesOf(heap, address), start, start + record.keyLengthOf(heap, address));
    this.#remove(hash, address);
  }

  /** See `RecordIndex.step`. */
  step(): void {
    this.#index.step();
  }

  #remove(hash: number, address: Address): void {
    this.#index.remove(hash, address);
    this.#times?.remove(address);
    this.#free(address);
  }

  // --- entries with an expiry, Unix milliseconds ---

  /** The expiry of an entry; 0 when it has none. */
  timeOf(address: Address): number {
    return this.#times === undefined ? 0 : this.#times.timeOf(address);
  }

  /** Sets the expiry of an entry; 0 removes it. An expired entry stays until `removeEarliest` removes it. */
  setTime(address: Address, timeMs: number): void {
    if (timeMs !== 0) (this.#times ??= new RecordTimes(this.#heap)).set(address, timeMs);
    else this.#times?.remove(address);
  }

  /** The earliest expiry of any entry, Infinity when no entry has one. */
  get earliestMs(): number {
    return this.#times === undefined ? Number.POSITIVE_INFINITY : this.#times.earliestMs;
  }

  /** The number of expired entries. */
  countDue(nowMs: number): number {
    return this.#times === undefined ? 0 : this.#times.countDue(nowMs);
  }

  /** Removes the entry that expires first, and gives a copy of its key. There must be an entry with an expiry. */
  removeEarliest(): Uint8Array {
    const heap = this.#heap;
    const address = (this.#times as RecordTimes).earliest;
    const start = record.keyStartOf(heap, address);
    const key = record.bytesOf(heap, address).slice(start, start + record.keyLengthOf(heap, address));
    this.#remove(this.#hasher.hash(key, 0, key.length), address);
    return key;
  }

  /** Visits some entries and returns the next cursor, 0 at the end; see `RecordIndex.scan`. */
  scan(cursor: number, visit: (address: Address) => void): number {
    return this.#index.scan(cursor, visit);
  }

  /** Visits every entry with its hash. The visitor must not change the table. */
  forEach(visit: (address: Address, hash: number) => void): void {
    this.#index.forEach(visit);
  }

  /** As `forEach`, for some entries at a time; see `RecordIndex.visitSlots`. */
  visitSlots(first: number, count: number, visit: (address: Address, hash: number) => void): number {
    return this.#index.visitSlots(first, count, visit);
  }

  /** A random entry, all with the same chance; 0 when the table is empty. `random` gives numbers in [0, 1). */
  random(random: () => number): Address {
    return this.#index.random(random);
  }

  copy(): RecordTable {
    return filled(new RecordTable(this.#heap, this.#hasher), (copy) => {
      copy.reserve(this.size);
      this.forEach((address, hash) => {
        copy.setTime(copy.addCopy(hash, address), this.timeOf(address));
      });
    });
  }

  release(budget: number): boolean {
    const heap = this.#heap;
    // The index is dropped as a whole at the end, so its entries keep their slots until then.
    this.#releaseFrom = this.#index.visitSlots(this.#releaseFrom, budget, (address) => heap.free(address));
    if (this.#releaseFrom >= 0) return false;
    this.#index.dispose();
    this.#times?.dispose();
    return true;
  }
}
