import { copyBytes } from "../memory/copy-bytes.ts";
import { hasFieldTimes } from "./field-times.ts";
import { fitsBlock } from "./fits-block.ts";
import { freeRecord } from "./free-record.ts";
import type { Address } from "../memory/heap.ts";
import type { KeyspaceCore } from "./keyspace-core.ts";
import type { ObjectValue } from "../memory/object-table.ts";
import { RecordIndex } from "../memory/record-index.ts";
import * as record from "../memory/record.ts";

/**
 * Values for the expiry of `setString`: no expiry, or the key keeps the one it has. Other values are Unix milliseconds.
 */
export const noExpiry = -1;
export const keepExpiry = -2;

/** A larger value gets no spare room: the word for the length has 31 bits. */
const maxGrownBytes = 1_400_000_000;

/**
 * Records by their keys: creates, changes and removes them. It knows neither the time nor the observers. Methods that
 * may move a record return its new address.
 */
export abstract class RecordStore {
  readonly keyspace: KeyspaceCore;
  readonly number: number;
  keys: RecordIndex;
  /** The records among `keys` that have an expiry. */
  expires: RecordIndex;
  /** The hashes among `keys` with at least one field that has a time. */
  timedHashes: RecordIndex;

  /**
   * While true, created keys are not notified: the value replaces another value of the same key, or is not at a key
   * yet.
   */
  createsSilently = false;

  constructor(keyspace: KeyspaceCore, number: number) {
    this.keyspace = keyspace;
    this.number = number;
    this.keys = new RecordIndex(keyspace.heap);
    this.expires = new RecordIndex(keyspace.heap);
    this.timedHashes = new RecordIndex(keyspace.heap);
  }

  get indexes(): readonly RecordIndex[] {
    return [this.keys, this.expires, this.timedHashes];
  }

  get size(): number {
    return this.keys.size;
  }

  /** To be called when an empty store is no longer used. */
  dispose(): void {
    this.keys.dispose();
    this.expires.dispose();
    this.timedHashes.dispose();
  }

  /**
   * Creates a record for a missing key. The value's bytes are undefined: the caller writes all `valueLength` of them at
   * `valueStartOf`. `hash`: that of the key, if it is known.
   */
  create(
    key: Uint8Array,
    start: number,
    end: number,
    shape: { type: number; encoding: number; valueLength: number; expiryMs?: number },
    hash?: number,
  ): Address {
    const expiryMs = shape.expiryMs ?? noExpiry;
    return this.insertRecord(key, start, end, shape.type | (shape.encoding << 4), shape.valueLength, expiryMs, hash);
  }

  /** `kind` as in record.ts; `expiryMs` a moment or `noExpiry`. */
  protected insertRecord(
    key: Uint8Array,
    start: number,
    end: number,
    kind: number,
    valueLength: number,
    expiryMs: number,
    known?: number,
  ): Address {
    const hash = known ?? this.keyspace.hasher.hash(key, start, end);
    const address = this.#allocate(end - start, valueLength, expiryMs);
    this.#link(hash, address, key, start, end, kind, valueLength, expiryMs);
    return address;
  }

  /** All that may be refused for lack of memory when a record is created: afterwards `#link` cannot fail. */
  #allocate(keyLength: number, valueLength: number, expiryMs: number): Address {
    this.keys.makeRoom();
    if (expiryMs >= 0) this.expires.makeRoom();
    return record.allocateRecord(this.keyspace.heap, keyLength, valueLength, expiryMs >= 0);
  }

  #link(
    hash: number,
    address: Address,
    key: Uint8Array,
    start: number,
    end: number,
    kind: number,
    valueLength: number,
    expiryMs: number,
  ): void {
    const { heap, accessClock } = this.keyspace;
    record.writeRecord(heap, address, key, start, end, valueLength, kind, accessClock.fresh, expiryMs);
    this.keys.add(hash, address);
    if (expiryMs >= 0) this.expires.add(hash, address);
    if (this.keyspace.onCreated !== undefined) this.notifyCreated(key, start, end);
  }

  /**
   * Calls `create`, which creates the value of a key. `existed`: the key had another value until now, so it is no new
   * key.
   */
  replacing<Made>(existed: boolean, create: () => Made): Made {
    this.createsSilently = existed;
    try {
      return create();
    } finally {
      this.createsSilently = false;
    }
  }

  /** Whether a record with an expiry has expired. If so it is removed, unless the loaded log will do that. */
  protected abstract expiredNow(address: Address): boolean;

  protected notifyCreated(key: Uint8Array, start: number, end: number): void {
    if (!this.createsSilently) this.keyspace.onCreated?.(this.number, key, start, end);
  }

  /** Creates a record with an object as its value. The key must be missing. */
  createObject(key: Uint8Array, start: number, end: number, type: number, value: ObjectValue): Address {
    const address = this.insertRecord(key, start, end, type | (record.encoding.object << 4), 0, noExpiry);
    record.setValueLength(this.keyspace.heap, address, this.keyspace.objects.add(value));
    return address;
  }

  /** The object of a record whose encoding is `object`. */
  objectOf(address: Address): ObjectValue {
    return this.keyspace.objects.get(record.valueLengthOf(this.keyspace.heap, address));
  }

  /** Replaces a packed value by an object. The key, its expiry and its clock stay. */
  becomeObject(address: Address, value: ObjectValue): Address {
    const { heap, objects } = this.keyspace;
    const moved = this.resizeValue(address, 0);
    const { object, timedObject } = record.encoding;
    record.setKind(heap, moved, record.typeOf(heap, moved), record.isTimed(heap, moved) ? timedObject : object);
    record.setValueLength(heap, moved, objects.add(value));
    return moved;
  }

  /** Allows fields of this hash to have times. The caller has converted a packed value to the layout with times. */
  becomeTimed(address: Address): void {
    const { heap } = this.keyspace;
    const isObject = record.encodingOf(heap, address) >= record.encoding.object;
    const { packedTimed, timedObject } = record.encoding;
    record.setKind(heap, address, record.typeOf(heap, address), isObject ? timedObject : packedTimed);
  }

  /** To be called when fields of a hash may have got or lost times. `hadTimes`: whether any field had one before. */
  timesChanged(address: Address, hadTimes: boolean): void {
    const hasTimes = hasFieldTimes(this.keyspace, address);
    if (hasTimes === hadTimes) return;
    if (hasTimes) this.timedHashes.insert(this.hashOf(address), address);
    else this.timedHashes.remove(this.hashOf(address), address);
  }

  /**
   * Sets a key to a string, whatever its value was before. `expiryMs`: a moment, `noExpiry`, or `keepExpiry`.
   * `encoding` is raw, embedded or integer, and the bytes must fit it. The caller notifies of the change: see
   * `Database.changed`.
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
    let clock = -1;
    let keptMs = noExpiry;
    const had = address !== 0 && record.hasExpiry(heap, address);
    if (had && this.expiredNow(address)) address = 0;
    if (address !== 0) {
      if (this.keyspace.snapshot?.takeNext(this.keys, address) === true) {
        // The record stays for the snapshot, and the key gets another one.
        clock = record.accessClockOf(heap, address);
        if (expiryMs === keepExpiry && had) keptMs = record.expiryOf(heap, address);
      } else if (had === expiryMs >= 0 || (had && expiryMs === keepExpiry)) {
        address = this.#overwrite(hash, address, length, kind);
        if (expiryMs >= 0) record.setExpiry(heap, address, expiryMs);
        copyBytes(value, valueStart, valueEnd, record.bytesOf(heap, address), record.valueStartOf(heap, address));
        return address;
      }
      // The key stays the same, so its access clock goes on.
      clock = record.accessClockOf(heap, address);
    }
    const newExpiryMs = expiryMs === keepExpiry ? keptMs : expiryMs;
    // The old value is removed only once there is a block for the new one.
    const created = this.#allocate(end - start, length, newExpiryMs);
    if (clock >= 0) this.removeHashed(hash, address);
    address = created;
    const silently = this.createsSilently;
    if (clock >= 0) this.createsSilently = true;
    this.#link(hash, address, key, start, end, kind, length, newExpiryMs);
    this.createsSilently = silently;
    if (clock >= 0) {
      record.setAccessClock(heap, address, clock);
      this.keyspace.touch(address);
    }
    copyBytes(value, valueStart, valueEnd, record.bytesOf(heap, address), record.valueStartOf(heap, address));
    return address;
  }

  /**
   * To be called before a record changes or is removed, so that a snapshot takes the record as it was. The methods
   * here, and look-ups of a command with the flag "write", do this. Code that changes a value's bytes in another way
   * has to call it.
   */
  preserve(address: Address): void {
    this.keyspace.snapshot?.preserve(this.keys, address);
  }

  /** Gives an existing record room for a new value of another kind; the value's bytes are undefined afterwards. */
  #overwrite(hash: number, address: Address, length: number, kind: number): Address {
    this.preserve(address);
    const { heap, objects } = this.keyspace;
    const isObject = record.encodingOf(heap, address) >= record.encoding.object;
    const object = record.valueLengthOf(heap, address);
    // This comes first: if it fails for lack of memory, the old value stays whole.
    const moved = this.#reallocate(hash, address, length, 0);
    if (record.isTimed(heap, moved)) this.timedHashes.remove(hash, moved);
    record.setKind(heap, moved, kind & 15, kind >>> 4);
    if (isObject) this.keyspace.releaseLater(objects.remove(object));
    this.keyspace.touch(moved);
    return moved;
  }

  /**
   * Changes the length of a packed or string value. The common prefix stays; further bytes are undefined. `hash`: that of
   * the key, if it is known.
   */
  resizeValue(address: Address, length: number, hash?: number): Address {
    this.preserve(address);
    const { heap } = this.keyspace;
    const kept = Math.min(length, record.valueLengthOf(heap, address));
    if (fitsBlock(heap, address, length)) {
      record.setValueLength(heap, address, length);
      return address;
    }
    return this.#reallocate(hash ?? this.hashOf(address), address, length, kept);
  }

  /**
   * As `resizeValue`, but a record that has to move gets half as much again, so that a value that grows in small steps
   * is not copied each time.
   */
  growValue(address: Address, length: number): Address {
    const { heap } = this.keyspace;
    if (length <= record.valueLengthOf(heap, address) || fitsBlock(heap, address, length)) {
      return this.resizeValue(address, length);
    }
    const moved = this.resizeValue(address, Math.min(length + (length >>> 1), Math.max(length, maxGrownBytes)));
    record.setValueLength(heap, moved, length);
    return moved;
  }

  /**
   * Sets the length of the value, and moves the record when its block does not fit. The first `kept` bytes of the value
   * stay.
   */
  #reallocate(hash: number, address: Address, length: number, kept: number): Address {
    const { heap } = this.keyspace;
    if (fitsBlock(heap, address, length)) {
      record.setValueLength(heap, address, length);
      return address;
    }
    const withExpiry = record.hasExpiry(heap, address);
    const keyLength = record.keyLengthOf(heap, address);
    const size = record.recordBytes(keyLength, length, withExpiry);
    const shrinks = size <= heap.capacity(address);
    const moved = shrinks ? heap.allocateSmaller(size) : record.allocateRecord(heap, keyLength, length, withExpiry);
    if (moved === 0) {
      // The value stays in its block, which is too large for it.
      record.setValueLength(heap, address, length);
      return address;
    }
    const from = record.recordStartOf(address);
    const until = record.valueStartOf(heap, address) + kept;
    copyBytes(record.bytesOf(heap, address), from, until, record.bytesOf(heap, moved), record.recordStartOf(moved));
    record.setValueLength(heap, moved, length);
    heap.free(address);
    this.keys.replace(hash, address, moved);
    if (withExpiry) this.expires.replace(hash, address, moved);
    if (record.isTimed(heap, moved)) this.timedHashes.replaceIfThere(hash, address, moved);
    return moved;
  }

  protected hashOf(address: Address): number {
    const { heap, hasher } = this.keyspace;
    const start = record.keyStartOf(heap, address);
    return hasher.hash(record.bytesOf(heap, address), start, start + record.keyLengthOf(heap, address));
  }

  /** Sets or changes the expiry. */
  setExpiry(address: Address, atMs: number): Address {
    const isUntaken = this.#keepExpiry(address);
    const { heap } = this.keyspace;
    if (record.hasExpiry(heap, address)) {
      record.setExpiry(heap, address, atMs);
      return address;
    }
    const hash = this.hashOf(address);
    this.expires.makeRoom();
    const moved = this.#moveTo(hash, address, atMs, isUntaken);
    this.expires.add(hash, moved);
    return moved;
  }

  /** Removes the expiry. The record must have one. */
  removeExpiry(address: Address): Address {
    const isUntaken = this.#keepExpiry(address);
    const hash = this.hashOf(address);
    this.expires.remove(hash, address);
    return this.#moveTo(hash, address, noExpiry, isUntaken);
  }

  /** Moves a record to a block with room for the expiry, or without. `isUntaken`: a snapshot has still to take it. */
  #moveTo(hash: number, address: Address, expiryMs: number, isUntaken: boolean): Address {
    const { heap, snapshot } = this.keyspace;
    const moved = this.#copyRecord(address, expiryMs);
    if (isUntaken) snapshot?.moved(address, moved);
    heap.free(address);
    this.keys.replace(hash, address, moved);
    if (record.isTimed(heap, moved)) this.timedHashes.replaceIfThere(hash, address, moved);
    return moved;
  }

  /** As `preserve`, for a change of the expiry alone. True when a snapshot has still to take the record. */
  #keepExpiry(address: Address): boolean {
    const isUntaken = this.keyspace.snapshot?.keepExpiry(this.keys, address) === true;
    if (!isUntaken) this.preserve(address);
    return isUntaken;
  }

  #copyRecord(address: Address, expiryMs: number): Address {
    const { heap } = this.keyspace;
    const isObject = record.encodingOf(heap, address) >= record.encoding.object;
    const valueWord = record.valueLengthOf(heap, address);
    const length = isObject ? 0 : valueWord;
    const keyStart = record.keyStartOf(heap, address);
    const keyLength = record.keyLengthOf(heap, address);
    const bytes = record.bytesOf(heap, address);
    const moved = record.allocateRecord(heap, keyLength, length, expiryMs >= 0);
    const kind = record.kindOf(heap, address);
    const clock = record.accessClockOf(heap, address);
    record.writeRecord(heap, moved, bytes, keyStart, keyStart + keyLength, valueWord, kind, clock, expiryMs);
    const valueStart = keyStart + keyLength;
    const target = record.valueStartOf(heap, moved);
    copyBytes(bytes, valueStart, valueStart + length, record.bytesOf(heap, moved), target);
    return moved;
  }

  /** Removes a record and frees its value. */
  remove(address: Address): void {
    this.removeHashed(this.hashOf(address), address);
  }

  protected removeHashed(hash: number, address: Address): void {
    const isKept = this.keyspace.snapshot?.keepRemoved(this.keys, address) === true;
    if (!isKept) this.preserve(address);
    const { heap } = this.keyspace;
    if (record.hasExpiry(heap, address)) this.expires.remove(hash, address);
    if (record.isTimed(heap, address)) this.timedHashes.remove(hash, address);
    this.keys.remove(hash, address);
    if (!isKept) freeRecord(this.keyspace, address);
  }

  /** A copy of the key's bytes. */
  keyOf(address: Address): Uint8Array {
    const { heap } = this.keyspace;
    const start = record.keyStartOf(heap, address);
    return record.bytesOf(heap, address).slice(start, start + record.keyLengthOf(heap, address));
  }
}
