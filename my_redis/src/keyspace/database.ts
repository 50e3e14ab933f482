import { CommandError, errors } from "../protocol/command-error.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { copyBytes } from "../memory/copy-bytes.ts";
import { hasFieldTimes } from "./field-times.ts";
import { FlushedKeys } from "./flushed-keys.ts";
import type { Address } from "../memory/heap.ts";
import type { KeyPredicate } from "./keyspace-core.ts";
import type { ObservedDatabase } from "./keyspace-observer.ts";
import { filled, type ObjectValue } from "../memory/object-table.ts";
import { RecordIndex } from "../memory/record-index.ts";
import { LoadedRecords } from "./loaded-records.ts";
import { noExpiry } from "./record-store.ts";
import * as record from "../memory/record.ts";

export { keepExpiry, noExpiry } from "./record-store.ts";

/**
 * One numbered database: keys to records. An address that a method returns is valid until the next change of that key.
 * Methods that may move a record return its new address.
 */
export class Database extends LoadedRecords implements ObservedDatabase {
  // --- finding ---

  /** The record of a key for a command that reads, or 0. Counts a hit or miss and updates the access clock. */
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

  /** As `read`, but the access clock stays: for commands that look at a key and not at its value. */
  readUnmarked(args: Arguments, index: number): Address {
    const address = this.find(args.buffer, args.start(index), args.end(index));
    if (address === 0) this.#missed(args, index);
    else this.keyspace.statistics.hits++;
    return address;
  }

  /** As `readUnmarked`, but a miss is not notified: for OBJECT. */
  readSilently(args: Arguments, index: number): Address {
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

  /** The record of a key for a command that writes, or 0. */
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

  /** The record of key[start, end), or 0. An expired key counts as missing, and is removed. Nothing else changes. */
  find(key: Uint8Array, start: number, end: number): Address {
    const keyspace = this.keyspace;
    const address = this.keys.find(keyspace.hasher.hash(key, start, end), key, start, end);
    if (address === 0) return 0;
    if (keyspace.snapshot?.writing === true) this.preserve(address);
    if (!record.hasExpiry(keyspace.heap, address)) return address;
    return this.expiredNow(address) ? 0 : address;
  }

  protected override expiredNow(address: Address): boolean {
    const keyspace = this.keyspace;
    if (record.expiryOf(keyspace.heap, address) > keyspace.environment.nowMs() || !keyspace.expires) return false;
    if (keyspace.removesFound) this.expire(address);
    return true;
  }

  /** Whether key[start, end) is there. Nothing changes: an expired key stays, and is "expired". */
  presenceOf(key: Uint8Array, start: number, end: number): "missing" | "expired" | "live" {
    const { environment, expires, hasher, heap } = this.keyspace;
    const address = this.keys.find(hasher.hash(key, start, end), key, start, end);
    if (address === 0) return "missing";
    const expired = record.hasExpiry(heap, address) && record.expiryOf(heap, address) <= environment.nowMs();
    return expired && expires ? "expired" : "live";
  }

  /** Removes an expired record, and notifies observers and log. */
  expire(address: Address): void {
    const { heap, statistics, onExpired } = this.keyspace;
    const start = record.keyStartOf(heap, address);
    const key = record.bytesOf(heap, address).slice(start, start + record.keyLengthOf(heap, address));
    this.remove(address);
    statistics.expired++;
    onExpired?.(this.number, key, 0, key.length);
    this.#notify(key, 0, key.length, "expired");
  }

  /** Removes a record to free memory, and notifies observers and log. */
  evict(address: Address): void {
    const { onEvicted, statistics } = this.keyspace;
    const key = this.keyOf(address);
    onEvicted?.(this.number, key, 0, key.length);
    this.remove(address);
    statistics.evicted++;
    this.#notify(key, 0, key.length, "evicted");
  }

  /**
   * Notifies observers and log that expired fields of a hash were removed. `gone`: the hash was removed with its last
   * field.
   */
  fieldsExpired(key: Uint8Array, fields: readonly Uint8Array[], gone: boolean): void {
    const { statistics, onFieldsExpired } = this.keyspace;
    statistics.expiredFields += fields.length;
    onFieldsExpired?.(this.number, key, fields);
    this.#notify(key, 0, key.length, "hexpired");
    if (gone) this.#notify(key, 0, key.length, "del");
  }

  // --- notifying of changes ---

  /**
   * To be called once for each key that a command changed, after the change. `event` is its name in keyspace
   * notifications. `count`: how many changes Redis counts, mostly the number of elements.
   */
  changed(args: Arguments, index: number, event: string, count = 1): void {
    this.keyspace.dirty += count;
    this.announce(args, index, event);
  }

  /** As `changed`, for a further event of a change that is counted already. */
  announce(args: Arguments, index: number, event: string): void {
    if (this.keyspace.observed) this.#notify(args.buffer, args.start(index), args.end(index), event);
  }

  /** As `changed`, for a key that is not an argument. */
  changedKey(key: Uint8Array, start: number, end: number, event: string): void {
    this.keyspace.dirty++;
    if (this.keyspace.observed) this.#notify(key, start, end, event);
  }

  /** Notifies of a key that was created silently: see `replacing`. */
  announceCreated(args: Arguments, index: number): void {
    if (this.keyspace.onCreated !== undefined) this.notifyCreated(args.buffer, args.start(index), args.end(index));
  }

  #notify(key: Uint8Array, start: number, end: number, event: string): void {
    if (this.keyspace.observed) this.keyspace.observer?.keyChanged(this.number, key, start, end, event);
  }

  // --- removing ---

  /** Removes a key; false when it is missing. The caller notifies of the change: see `changed`. `hash`: if it is known. */
  delete(args: Arguments, index: number, hash?: number): boolean {
    return this.#delete(args, index, true, hash);
  }

  /**
   * As `delete`, for a command that replaces the key by nothing: as in redis-server, an expired key counts as removed
   * by the command, and not as expired.
   */
  deleteEvenExpired(args: Arguments, index: number): boolean {
    return this.#delete(args, index, false);
  }

  #delete(args: Arguments, index: number, mayExpire: boolean, known?: number): boolean {
    const start = args.start(index);
    const end = args.end(index);
    const hash = known ?? this.keyspace.hasher.hash(args.buffer, start, end);
    const address = this.keys.find(hash, args.buffer, start, end);
    if (address === 0) return false;
    if (mayExpire && record.hasExpiry(this.keyspace.heap, address) && this.expiredNow(address)) return false;
    this.removeHashed(hash, address);
    return true;
  }

  // --- moving and copying ---

  /** Takes the record out of this database without freeing it. `attach` puts it into another database. */
  detach(address: Address): void {
    this.preserve(address);
    const { heap } = this.keyspace;
    const hash = this.hashOf(address);
    if (record.hasExpiry(heap, address)) this.expires.remove(hash, address);
    if (record.isTimed(heap, address)) this.timedHashes.remove(hash, address);
    this.keys.remove(hash, address);
  }

  /** Adds a record that `detach` took out of another database. The key must be missing here. */
  attach(address: Address): void {
    const { heap } = this.keyspace;
    const hash = this.hashOf(address);
    this.keys.insert(hash, address);
    if (record.hasExpiry(heap, address)) this.expires.insert(hash, address);
    if (hasFieldTimes(this.keyspace, address)) this.timedHashes.insert(hash, address);
    const start = record.keyStartOf(heap, address);
    this.notifyCreated(record.bytesOf(heap, address), start, start + record.keyLengthOf(heap, address));
  }

  /**
   * Moves a value to another key of this or another database. The target key must be missing. The object of a large
   * value is handed over and not copied.
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

  /** Copies a value to another key of this or another database. The target key must be missing. */
  copyValue(address: Address, target: Database, key: Uint8Array, start: number, end: number): Address {
    const { heap, objects } = this.keyspace;
    const expiryMs = record.hasExpiry(heap, address) ? record.expiryOf(heap, address) : noExpiry;
    const isObject = record.encodingOf(heap, address) >= record.encoding.object;
    const valueWord = record.valueLengthOf(heap, address);
    const twin = isObject ? copyObject(objects.get(valueWord)) : undefined;
    const length = twin === undefined ? valueWord : 0;
    const insert = (): Address => target.insertRecord(key, start, end, record.kindOf(heap, address), length, expiryMs);
    let copy: Address = 0;
    if (twin === undefined) copy = insert();
    else filled(twin, () => (copy = insert()));
    if (twin !== undefined) record.setValueLength(heap, copy, objects.add(twin));
    const from = record.valueStartOf(heap, address);
    const to = record.valueStartOf(heap, copy);
    copyBytes(record.bytesOf(heap, address), from, from + length, record.bytesOf(heap, copy), to);
    target.timesChanged(copy, false);
    return copy;
  }

  /** Whether clients see a record: it is of this server, and not of another node. */
  isVisible(address: Address): boolean {
    const { isHidden } = this.keyspace;
    return isHidden === undefined || !this.isKeyOf(address, isHidden);
  }

  isKeyOf(address: Address, predicate: KeyPredicate): boolean {
    const { heap } = this.keyspace;
    const start = record.keyStartOf(heap, address);
    return predicate(record.bytesOf(heap, address), start, start + record.keyLengthOf(heap, address));
  }

  /** How many keys clients see. While keys come from another node, or go to one, this visits all of them. */
  get visibleSize(): number {
    if (this.keyspace.isHidden === undefined) return this.size;
    let count = 0;
    this.keys.forEach((address) => {
      if (this.isVisible(address)) count++;
    });
    return count;
  }

  /** Removes every key. Observers are not notified: see `Keyspace.flush`. */
  flush(): void {
    const keys = this.keys;
    if (keys.size === 0) {
      // A snapshot may have announced keys that did not come.
      keys.clear();
      this.expires.clear();
      return;
    }
    this.expires.dispose();
    this.timedHashes.dispose();
    this.keys = new RecordIndex(this.keyspace.heap);
    this.expires = new RecordIndex(this.keyspace.heap);
    this.timedHashes = new RecordIndex(this.keyspace.heap);
    const flushed = new FlushedKeys(this.keyspace, keys);
    if (this.keyspace.snapshot?.keepFlushed(keys, flushed) !== true) this.keyspace.releaseLater(flushed);
  }

  /** Exchanges the contents of two databases. Observers are not notified: see `Keyspace.swap`. */
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
