import { CommandError, errors } from "../protocol/command-error.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { copyBytes } from "../values/copy-bytes.ts";
import { FlushedKeys } from "./flushed-keys.ts";
import type { Address } from "./heap.ts";
import type { Keyspace } from "./keyspace.ts";
import type { ObjectValue } from "./object-table.ts";
import { RecordIndex } from "./record-index.ts";
import * as record from "./record.ts";

/** For `setString`: what becomes of the key's expiry. Otherwise a moment in Unix milliseconds. */
export const noExpiry = -1;
export const keepExpiry = -2;

/** A value larger than this is given no room beyond its length: the word that holds a length has 31 bits. */
const maxGrownBytes = 1_400_000_000;

/**
 * One numbered database: keys to records. Addresses that it hands out are valid until the next change of that key;
 * methods that may move a record return its new address.
 */
export class Database {
  readonly keyspace: Keyspace;
  readonly number: number;
  keys: RecordIndex;
  /** The records among `keys` that have an expiry. */
  expires: RecordIndex;

  constructor(keyspace: Keyspace, number: number) {
    this.keyspace = keyspace;
    this.number = number;
    this.keys = new RecordIndex(keyspace.heap);
    this.expires = new RecordIndex(keyspace.heap);
  }

  get size(): number {
    return this.keys.size;
  }

  // --- finding ---

  /** The live record of a key for a command that reads, or 0. Counts a hit or miss and marks the access. */
  read(args: Arguments, index: number): Address {
    const address = this.find(args.buffer, args.start(index), args.end(index));
    const keyspace = this.keyspace;
    if (address === 0) {
      keyspace.statistics.misses++;
      return 0;
    }
    keyspace.statistics.hits++;
    record.setAccessClock(keyspace.heap, address, keyspace.accessClock());
    return address;
  }

  /** As `read`, but the access is not marked: for commands that look at a key and not at its value. */
  readUnmarked(args: Arguments, index: number): Address {
    const address = this.find(args.buffer, args.start(index), args.end(index));
    if (address === 0) this.keyspace.statistics.misses++;
    else this.keyspace.statistics.hits++;
    return address;
  }

  /** As `read`, for a value of this type only: throws WRONGTYPE. */
  readTyped(args: Arguments, index: number, type: record.ValueType): Address {
    const address = this.read(args, index);
    if (address !== 0 && record.typeOf(this.keyspace.heap, address) !== type) throw new CommandError(errors.wrongType);
    return address;
  }

  /** The live record of a key for a command that writes, or 0. */
  write(args: Arguments, index: number): Address {
    const address = this.find(args.buffer, args.start(index), args.end(index));
    if (address !== 0) record.setAccessClock(this.keyspace.heap, address, this.keyspace.accessClock());
    return address;
  }

  /** As `write`, for a value of this type only: throws WRONGTYPE. */
  writeTyped(args: Arguments, index: number, type: record.ValueType): Address {
    const address = this.write(args, index);
    if (address !== 0 && record.typeOf(this.keyspace.heap, address) !== type) throw new CommandError(errors.wrongType);
    return address;
  }

  /** The live record of key[start, end), or 0; a key whose time is over is removed. Leaves no trace otherwise. */
  find(key: Uint8Array, start: number, end: number): Address {
    const keyspace = this.keyspace;
    const address = this.keys.find(keyspace.hasher.hash(key, start, end), key, start, end);
    if (address === 0 || !record.hasExpiry(keyspace.heap, address)) return address;
    return this.#expiredNow(address) ? 0 : address;
  }

  /** Whether the time of a record with an expiry is over; if so it is removed, where removing is ours to do. */
  #expiredNow(address: Address): boolean {
    const keyspace = this.keyspace;
    if (record.expiryOf(keyspace.heap, address) > keyspace.environment.nowMs() || !keyspace.expires) return false;
    this.expire(address);
    return true;
  }

  /** Removes a record because its time is over, and tells who must know. */
  expire(address: Address): void {
    const { heap, statistics, onExpired } = this.keyspace;
    const start = record.keyStartOf(heap, address);
    const key = record.bytesOf(heap, address).slice(start, start + record.keyLengthOf(heap, address));
    this.remove(address);
    statistics.expired++;
    onExpired?.(this, key, 0, key.length);
    this.#tell(key, 0, key.length, "expired");
  }

  // --- telling of changes ---

  /** To be called once for each key that a command changed, after the change. `event` as keyspace notifications name it. */
  changed(args: Arguments, index: number, event: string): void {
    this.keyspace.dirty++;
    if (this.keyspace.observed) this.#tell(args.buffer, args.start(index), args.end(index), event);
  }

  /** As `changed`, for a key that is not an argument. */
  changedKey(key: Uint8Array, start: number, end: number, event: string): void {
    this.keyspace.dirty++;
    if (this.keyspace.observed) this.#tell(key, start, end, event);
  }

  #tell(key: Uint8Array, start: number, end: number, event: string): void {
    if (this.keyspace.observed) this.keyspace.observer?.keyChanged(this, key, start, end, event);
  }

  // --- changing records ---

  /**
   * Creates a record for a key that has none. The value's bytes are undefined: the caller writes all `valueLength`
   * of them at `valueStartOf`.
   */
  create(
    key: Uint8Array,
    start: number,
    end: number,
    shape: { type: number; encoding: number; valueLength: number; expiryMs?: number },
  ): Address {
    const expiryMs = shape.expiryMs ?? noExpiry;
    return this.#create(key, start, end, shape.type | (shape.encoding << 4), shape.valueLength, expiryMs);
  }

  #create(key: Uint8Array, start: number, end: number, kind: number, valueLength: number, expiryMs: number): Address {
    const { heap, hasher } = this.keyspace;
    const hash = hasher.hash(key, start, end);
    const address = heap.allocate(record.recordBytes(end - start, valueLength, expiryMs >= 0));
    record.writeRecord(heap, address, key, start, end, valueLength, kind, this.keyspace.accessClock(), expiryMs);
    this.keys.insert(hash, address);
    if (expiryMs >= 0) this.expires.insert(hash, address);
    return address;
  }

  /** Creates a record that holds an object. The key must have none. */
  createObject(key: Uint8Array, start: number, end: number, type: number, value: ObjectValue): Address {
    const address = this.#create(key, start, end, type | (record.encoding.object << 4), 0, noExpiry);
    record.setValueLength(this.keyspace.heap, address, this.keyspace.objects.add(value));
    return address;
  }

  /** The object of a record whose encoding is `object`. */
  objectOf(address: Address): ObjectValue {
    return this.keyspace.objects.get(record.valueLengthOf(this.keyspace.heap, address));
  }

  /** Turns a packed value into an object, in place: the key, its expiry and its clock stay. */
  becomeObject(address: Address, value: ObjectValue): Address {
    const { heap, objects } = this.keyspace;
    const moved = this.resizeValue(address, 0);
    record.setKind(heap, moved, record.typeOf(heap, moved), record.encoding.object);
    record.setValueLength(heap, moved, objects.add(value));
    return moved;
  }

  /**
   * Sets a key to a string, whatever it held before. `expiryMs`: a moment, `noExpiry`, or `keepExpiry`.
   * `encoding` is raw, embedded or integer, and the bytes in the form that belongs to it. Tells nobody: see `changed`.
   */
  setString(
    key: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    valueEncoding: number,
    expiryMs: number,
  ): Address {
    const { heap, hasher } = this.keyspace;
    const hash = hasher.hash(key, start, end);
    const length = valueEnd - valueStart;
    const kind = record.valueType.string | (valueEncoding << 4);
    let address = this.keys.find(hash, key, start, end);
    if (address !== 0) {
      const had = record.hasExpiry(heap, address);
      if (had === expiryMs >= 0 || (had && expiryMs === keepExpiry)) {
        address = this.#overwrite(hash, address, length, kind);
        if (expiryMs >= 0) record.setExpiry(heap, address, expiryMs);
        copyBytes(value, valueStart, valueEnd, record.bytesOf(heap, address), record.valueStartOf(heap, address));
        return address;
      }
      this.#removeHashed(hash, address);
    }
    address = this.#create(key, start, end, kind, length, expiryMs === keepExpiry ? noExpiry : expiryMs);
    copyBytes(value, valueStart, valueEnd, record.bytesOf(heap, address), record.valueStartOf(heap, address));
    return address;
  }

  /** Gives an existing record room for a new value of another kind; the value's bytes are undefined afterwards. */
  #overwrite(hash: number, address: Address, length: number, kind: number): Address {
    const { heap } = this.keyspace;
    this.#dropObject(address);
    const moved = this.#reallocate(hash, address, length, 0);
    record.setKind(heap, moved, kind & 15, kind >>> 4);
    record.setAccessClock(heap, moved, this.keyspace.accessClock());
    return moved;
  }

  /** Changes the length of a packed or string value. The common prefix stays; new bytes are undefined. */
  resizeValue(address: Address, length: number): Address {
    const { heap } = this.keyspace;
    const kept = Math.min(length, record.valueLengthOf(heap, address));
    if (this.#fits(address, length)) {
      record.setValueLength(heap, address, length);
      return address;
    }
    return this.#reallocate(this.#hashOf(address), address, length, kept);
  }

  /**
   * As `resizeValue`, but a record that has to move gets half as much again, so that a value can grow bit by bit
   * without being copied each time.
   */
  growValue(address: Address, length: number): Address {
    const { heap } = this.keyspace;
    if (length <= record.valueLengthOf(heap, address) || this.#fits(address, length)) {
      return this.resizeValue(address, length);
    }
    const moved = this.resizeValue(address, Math.min(length + (length >>> 1), Math.max(length, maxGrownBytes)));
    record.setValueLength(heap, moved, length);
    return moved;
  }

  #fits(address: Address, length: number): boolean {
    const { heap } = this.keyspace;
    const size = record.recordBytes(record.keyLengthOf(heap, address), length, record.hasExpiry(heap, address));
    const capacity = heap.capacity(address);
    // A block may be up to twice as large as what it holds, beyond that the memory is worth a move.
    return size <= capacity && (capacity <= 64 || size * 2 >= capacity);
  }

  /** Sets the length of the value, moving the record when its block does not suit; `kept` bytes of value survive. */
  #reallocate(hash: number, address: Address, length: number, kept: number): Address {
    const { heap } = this.keyspace;
    if (this.#fits(address, length)) {
      record.setValueLength(heap, address, length);
      return address;
    }
    const withExpiry = record.hasExpiry(heap, address);
    const moved = heap.allocate(record.recordBytes(record.keyLengthOf(heap, address), length, withExpiry));
    const from = record.recordStartOf(address);
    const until = record.valueStartOf(heap, address) + kept;
    copyBytes(record.bytesOf(heap, address), from, until, record.bytesOf(heap, moved), record.recordStartOf(moved));
    record.setValueLength(heap, moved, length);
    heap.free(address);
    this.keys.replace(hash, address, moved);
    if (withExpiry) this.expires.replace(hash, address, moved);
    return moved;
  }

  #hashOf(address: Address): number {
    const { heap, hasher } = this.keyspace;
    const start = record.keyStartOf(heap, address);
    return hasher.hash(record.bytesOf(heap, address), start, start + record.keyLengthOf(heap, address));
  }

  /** Sets or changes the expiry. */
  setExpiry(address: Address, atMs: number): Address {
    const { heap } = this.keyspace;
    if (record.hasExpiry(heap, address)) {
      record.setExpiry(heap, address, atMs);
      return address;
    }
    const hash = this.#hashOf(address);
    const moved = this.#copyRecord(address, atMs);
    heap.free(address);
    this.keys.replace(hash, address, moved);
    this.expires.insert(hash, moved);
    return moved;
  }

  /** Takes the expiry away; the record keeps it no longer, and must have had one. */
  removeExpiry(address: Address): Address {
    const { heap } = this.keyspace;
    const hash = this.#hashOf(address);
    this.expires.remove(hash, address);
    const moved = this.#copyRecord(address, noExpiry);
    heap.free(address);
    this.keys.replace(hash, address, moved);
    return moved;
  }

  #copyRecord(address: Address, expiryMs: number): Address {
    const { heap } = this.keyspace;
    const isObject = record.encodingOf(heap, address) >= record.encoding.object;
    const valueWord = record.valueLengthOf(heap, address);
    const length = isObject ? 0 : valueWord;
    const keyStart = record.keyStartOf(heap, address);
    const keyLength = record.keyLengthOf(heap, address);
    const bytes = record.bytesOf(heap, address);
    const moved = heap.allocate(record.recordBytes(keyLength, length, expiryMs >= 0));
    const kind = record.kindOf(heap, address);
    const clock = record.accessClockOf(heap, address);
    record.writeRecord(heap, moved, bytes, keyStart, keyStart + keyLength, valueWord, kind, clock, expiryMs);
    const valueStart = keyStart + keyLength;
    const target = record.valueStartOf(heap, moved);
    copyBytes(bytes, valueStart, valueStart + length, record.bytesOf(heap, moved), target);
    return moved;
  }

  // --- removing ---

  /** Removes a live key; false when there is none. Tells nobody: see `changed`. */
  delete(args: Arguments, index: number): boolean {
    const start = args.start(index);
    const end = args.end(index);
    const hash = this.keyspace.hasher.hash(args.buffer, start, end);
    const address = this.keys.find(hash, args.buffer, start, end);
    if (address === 0) return false;
    if (record.hasExpiry(this.keyspace.heap, address) && this.#expiredNow(address)) return false;
    this.#removeHashed(hash, address);
    return true;
  }

  /** Removes a record and frees its value. */
  remove(address: Address): void {
    this.#removeHashed(this.#hashOf(address), address);
  }

  #removeHashed(hash: number, address: Address): void {
    const { heap } = this.keyspace;
    if (record.hasExpiry(heap, address)) this.expires.remove(hash, address);
    this.keys.remove(hash, address);
    this.#dropObject(address);
    heap.free(address);
  }

  #dropObject(address: Address): void {
    const { heap, objects } = this.keyspace;
    if (record.encodingOf(heap, address) < record.encoding.object) return;
    this.keyspace.releaseLater(objects.remove(record.valueLengthOf(heap, address)));
    record.setValueLength(heap, address, 0);
  }

  /** Takes the record out of this database without freeing it, for `attach`. */
  detach(address: Address): void {
    const hash = this.#hashOf(address);
    if (record.hasExpiry(this.keyspace.heap, address)) this.expires.remove(hash, address);
    this.keys.remove(hash, address);
  }

  /** Takes in a record that `detach` took out of another database. The key must be free here. */
  attach(address: Address): void {
    const hash = this.#hashOf(address);
    this.keys.insert(hash, address);
    if (record.hasExpiry(this.keyspace.heap, address)) this.expires.insert(hash, address);
  }

  /**
   * Moves a value to another key of this or another database; the target key must not exist. The object of a large
   * value is handed over, not copied.
   */
  moveValue(address: Address, target: Database, key: Uint8Array, start: number, end: number): Address {
    const { heap } = this.keyspace;
    const expiryMs = record.hasExpiry(heap, address) ? record.expiryOf(heap, address) : noExpiry;
    const isObject = record.encodingOf(heap, address) >= record.encoding.object;
    const valueWord = record.valueLengthOf(heap, address);
    const length = isObject ? 0 : valueWord;
    const moved = target.#create(key, start, end, record.kindOf(heap, address), length, expiryMs);
    const from = record.valueStartOf(heap, address);
    copyBytes(
      record.bytesOf(heap, address),
      from,
      from + length,
      record.bytesOf(heap, moved),
      record.valueStartOf(heap, moved),
    );
    record.setValueLength(heap, moved, valueWord);
    this.detach(address);
    heap.free(address);
    return moved;
  }

  /** Copies a value to another key of this or another database; the target key must not exist. */
  copyValue(address: Address, target: Database, key: Uint8Array, start: number, end: number): Address {
    const { heap, objects } = this.keyspace;
    const expiryMs = record.hasExpiry(heap, address) ? record.expiryOf(heap, address) : noExpiry;
    const isObject = record.encodingOf(heap, address) >= record.encoding.object;
    const valueWord = record.valueLengthOf(heap, address);
    const twin = isObject ? copyObject(objects.get(valueWord)) : undefined;
    const length = twin === undefined ? valueWord : 0;
    const copy = target.#create(key, start, end, record.kindOf(heap, address), length, expiryMs);
    if (twin !== undefined) record.setValueLength(heap, copy, objects.add(twin));
    const from = record.valueStartOf(heap, address);
    const to = record.valueStartOf(heap, copy);
    copyBytes(record.bytesOf(heap, address), from, from + length, record.bytesOf(heap, copy), to);
    return copy;
  }

  /** Removes every key. Tells nobody: see `Keyspace.flush`. */
  flush(): void {
    const keys = this.keys;
    if (keys.size === 0) return;
    this.keys = new RecordIndex(this.keyspace.heap);
    this.expires = new RecordIndex(this.keyspace.heap);
    this.keyspace.releaseLater(new FlushedKeys(this.keyspace, keys));
  }

  /** The key's bytes, copied. */
  keyOf(address: Address): Uint8Array {
    const { heap } = this.keyspace;
    const start = record.keyStartOf(heap, address);
    return record.bytesOf(heap, address).slice(start, start + record.keyLengthOf(heap, address));
  }

  /** Exchanges the contents of two databases. Tells nobody: see `Keyspace.swap`. */
  swap(other: Database): void {
    [this.keys, other.keys] = [other.keys, this.keys];
    [this.expires, other.expires] = [other.expires, this.expires];
  }
}

function copyObject(value: ObjectValue): ObjectValue {
  if (value.copy === undefined) throw new Error(`${value.constructor.name} cannot be copied`);
  return value.copy();
}
