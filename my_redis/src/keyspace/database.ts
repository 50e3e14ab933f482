import { CommandError, errors } from "../protocol/command-error.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { copyBytes } from "../memory/copy-bytes.ts";
import { hasFieldTimes } from "./field-times.ts";
import { FlushedKeys } from "./flushed-keys.ts";
import type { Address } from "../memory/heap.ts";
import type { ObservedDatabase } from "./keyspace-observer.ts";
import type { ObjectValue } from "../memory/object-table.ts";
import { RecordIndex } from "../memory/record-index.ts";
import { noExpiry, RecordStore } from "./record-store.ts";
import * as record from "../memory/record.ts";

export { keepExpiry, noExpiry } from "./record-store.ts";

/**
 * One numbered database: keys to records. Addresses that it hands out are valid until the next change of that key;
 * methods that may move a record return its new address.
 */
export class Database extends RecordStore implements ObservedDatabase {
  // --- finding ---

  /** The live record of a key for a command that reads, or 0. Counts a hit or miss and marks the access. */
  read(args: Arguments, index: number): Address {
    const address = this.find(args.buffer, args.start(index), args.end(index));
    const keyspace = this.keyspace;
    if (address === 0) {
      this.#missed(args, index);
      return 0;
    }
    keyspace.statistics.hits++;
    keyspace.touch(address);
    return address;
  }

  /** As `read`, but the access is not marked: for commands that look at a key and not at its value. */
  readUnmarked(args: Arguments, index: number): Address {
    const address = this.find(args.buffer, args.start(index), args.end(index));
    if (address === 0) this.#missed(args, index);
    else this.keyspace.statistics.hits++;
    return address;
  }

  /** As `readUnmarked`, and nobody is told of a miss: for OBJECT. */
  readUntold(args: Arguments, index: number): Address {
    const address = this.find(args.buffer, args.start(index), args.end(index));
    if (address === 0) this.keyspace.statistics.misses++;
    else this.keyspace.statistics.hits++;
    return address;
  }

  #missed(args: Arguments, index: number): void {
    const { statistics, onMissed } = this.keyspace;
    statistics.misses++;
    onMissed?.(this.number, args.buffer, args.start(index), args.end(index));
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
    if (address !== 0) this.keyspace.touch(address);
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
    if (address === 0) return 0;
    if (keyspace.snapshot?.writing === true) this.preserve(address);
    if (!record.hasExpiry(keyspace.heap, address)) return address;
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
    onExpired?.(this.number, key, 0, key.length);
    this.#tell(key, 0, key.length, "expired");
  }

  /** Removes a record because memory is short, and tells who must know. */
  evict(address: Address): void {
    const { onEvicted, statistics } = this.keyspace;
    const key = this.keyOf(address);
    onEvicted?.(this.number, key, 0, key.length);
    this.remove(address);
    statistics.evicted++;
    this.#tell(key, 0, key.length, "evicted");
  }

  /** Tells who must know that fields of a hash were removed because their time is over, and `gone` the hash with them. */
  fieldsExpired(key: Uint8Array, fields: readonly Uint8Array[], gone: boolean): void {
    const { statistics, onFieldsExpired } = this.keyspace;
    statistics.expiredFields += fields.length;
    onFieldsExpired?.(this.number, key, fields);
    this.#tell(key, 0, key.length, "hexpired");
    if (gone) this.#tell(key, 0, key.length, "del");
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
    if (this.keyspace.observed) this.keyspace.observer?.keyChanged(this.number, key, start, end, event);
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
    this.removeHashed(hash, address);
    return true;
  }

  // --- moving and copying ---

  /** Takes the record out of this database without freeing it, for `attach`. */
  detach(address: Address): void {
    this.preserve(address);
    const { heap } = this.keyspace;
    const hash = this.hashOf(address);
    if (record.hasExpiry(heap, address)) this.expires.remove(hash, address);
    if (record.isTimed(heap, address)) this.timedHashes.remove(hash, address);
    this.keys.remove(hash, address);
  }

  /** Takes in a record that `detach` took out of another database. The key must be free here. */
  attach(address: Address): void {
    const { heap } = this.keyspace;
    const hash = this.hashOf(address);
    this.keys.insert(hash, address);
    if (record.hasExpiry(heap, address)) this.expires.insert(hash, address);
    if (hasFieldTimes(this.keyspace, address)) this.timedHashes.insert(hash, address);
    const start = record.keyStartOf(heap, address);
    this.tellCreated(record.bytesOf(heap, address), start, start + record.keyLengthOf(heap, address));
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
    const moved = target.insertRecord(key, start, end, record.kindOf(heap, address), length, expiryMs);
    const from = record.valueStartOf(heap, address);
    copyBytes(
      record.bytesOf(heap, address),
      from,
      from + length,
      record.bytesOf(heap, moved),
      record.valueStartOf(heap, moved),
    );
    record.setValueLength(heap, moved, valueWord);
    target.timesChanged(moved, false);
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
    const copy = target.insertRecord(key, start, end, record.kindOf(heap, address), length, expiryMs);
    if (twin !== undefined) record.setValueLength(heap, copy, objects.add(twin));
    const from = record.valueStartOf(heap, address);
    const to = record.valueStartOf(heap, copy);
    copyBytes(record.bytesOf(heap, address), from, from + length, record.bytesOf(heap, copy), to);
    target.timesChanged(copy, false);
    return copy;
  }

  /** Removes every key. Tells nobody: see `Keyspace.flush`. */
  flush(): void {
    const keys = this.keys;
    if (keys.size === 0) return;
    this.expires.dispose();
    this.timedHashes.dispose();
    this.keys = new RecordIndex(this.keyspace.heap);
    this.expires = new RecordIndex(this.keyspace.heap);
    this.timedHashes = new RecordIndex(this.keyspace.heap);
    const flushed = new FlushedKeys(this.keyspace, keys);
    if (this.keyspace.snapshot?.keepFlushed(keys, flushed) !== true) this.keyspace.releaseLater(flushed);
  }

  /** Exchanges the contents of two databases. Tells nobody: see `Keyspace.swap`. */
  swap(other: Database): void {
    [this.keys, other.keys] = [other.keys, this.keys];
    [this.expires, other.expires] = [other.expires, this.expires];
    [this.timedHashes, other.timedHashes] = [other.timedHashes, this.timedHashes];
  }
}

function copyObject(value: ObjectValue): ObjectValue {
  if (value.copy === undefined) throw new Error(`${value.constructor.name} cannot be copied`);
  return value.copy();
}
