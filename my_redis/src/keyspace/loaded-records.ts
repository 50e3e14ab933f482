import { copyBytes } from "../memory/copy-bytes.ts";
import type { Address } from "../memory/heap.ts";
import * as record from "../memory/record.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { fitsBlock, fitsExactly } from "./fits-block.ts";
import { stringWords } from "../memory/kernels/kernel-memory.ts";
import { noExpiry, RecordStore } from "./record-store.ts";

/** What a string of `loadStrings` takes. */
const stringBytes = (entries: Int32Array, at: number): number =>
  record.headerBytes +
  (entries[at + 3] as number) -
  (entries[at + 2] as number) +
  (entries[at + 5] as number) -
  (entries[at + 4] as number);

/** What changes records while a log is loaded: no snapshot runs, nothing expires, and the hashes of keys are known. */
export abstract class LoadedRecords extends RecordStore {
  /** The record of argument 1, or 0, for a request of the log that changes it. `hash`: that of the key. */
  loading(args: Arguments, hash: number): Address {
    const address = this.keys.find(hash, args.buffer, args.start(1), args.end(1));
    if (address !== 0) this.keyspace.touch(address);
    return address;
  }

  /**
   * As `setString`, with the key's hash: a string that keeps its block is overwritten at once.
   */
  loadString(
    hash: number,
    key: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    valueEncoding: number,
    expiryMs: number,
  ): void {
    const { heap } = this.keyspace;
    const length = valueEnd - valueStart;
    let address = this.keys.find(hash, key, start, end);
    if (address === 0) {
      const kind = record.valueType.string | (valueEncoding << 4);
      address = this.insertRecord(key, start, end, kind, length, expiryMs, hash);
    } else if (
      record.typeOf(heap, address) === record.valueType.string &&
      record.hasExpiry(heap, address) === expiryMs >= 0 &&
      fitsBlock(heap, address, length)
    ) {
      record.setKind(heap, address, record.valueType.string, valueEncoding);
      record.setValueLength(heap, address, length);
      if (expiryMs >= 0) record.setExpiry(heap, address, expiryMs);
      this.keyspace.touch(address);
    } else {
      this.setString(key, start, end, value, valueStart, valueEnd, valueEncoding, expiryMs);
      return;
    }
    copyBytes(value, valueStart, valueEnd, record.bytesOf(heap, address), record.valueStartOf(heap, address));
  }

  /**
   * Sets keys to strings of over `maxEmbeddedBytes`, one after the other. `entries` has six words for each: the hash, room for
   * an address, and where key and value start and end in `source`. What is done for all strings is done in loops, since the
   * runtime compiles each function that is called once for each of them, and that takes longer than the strings do.
   */
  loadStrings(entries: Int32Array, count: number, source: Uint8Array): void {
    for (let done = 0; done < count;) {
      const missing = this.keys.countMissing(entries, done * stringWords, count - done, stringWords);
      const added = this.#addStrings(entries, done * stringWords, missing, source);
      done += added;
      // Where a key comes twice, the rest is not tried again, so that blocks are taken in vain at most once.
      const single = added < missing ? count : Math.min(done + 1, count);
      for (; done < single; done++) this.#loadEntry(entries, done * stringWords, source);
    }
  }

  /** Adds strings whose keys are missing, until a key comes twice; gives their number. */
  #addStrings(entries: Int32Array, first: number, count: number, source: Uint8Array): number {
    const { accessClock, heap } = this.keyspace;
    const end = first + count * stringWords;
    for (let at = first; at < end; at += stringWords) {
      entries[at + 1] = heap.allocate(stringBytes(entries, at));
    }
    const added = this.keys.addNew(entries, first, count, stringWords);
    const written = first + added * stringWords;
    record.writeStrings(heap, entries, first, written, source, accessClock.fresh);
    for (let at = written; at < end; at += stringWords) heap.free(entries[at + 1] as Address);
    return added;
  }

  #loadEntry(entries: Int32Array, at: number, source: Uint8Array): void {
    const word = (number: number): number => entries[at + number] as number;
    const { raw } = record.encoding;
    this.loadString(word(0), source, word(2), word(3), source, word(4), word(5), raw, noExpiry);
  }

  /**
   * Puts a record that was written elsewhere, source[start, start + size), in the place of the one at `old`, or of none if
   * that is 0. Both have the same key, whose hash is given, and neither has an object, or fields with times.
   */
  putRecord(hash: number, old: Address, source: Uint8Array, start: number, size: number, withExpiry: boolean): void {
    const { heap } = this.keyspace;
    const hadExpiry = old !== 0 && record.hasExpiry(heap, old);
    let address = old;
    if (old === 0) {
      this.keys.makeRoom();
      address = heap.allocate(size);
      this.keys.add(hash, address);
    } else if (!fitsExactly(heap.capacity(old), size)) {
      address = heap.allocate(size);
      this.keys.replace(hash, old, address);
      if (hadExpiry && withExpiry) this.expires.replace(hash, old, address);
    }
    if (withExpiry && !hadExpiry) this.expires.insert(hash, address);
    if (hadExpiry && !withExpiry) this.expires.remove(hash, old);
    if (address !== old && old !== 0) heap.free(old);
    copyBytes(source, start, start + size, record.bytesOf(heap, address), record.recordStartOf(address));
  }

  /** As `remove`, for a record whose key has this hash. */
  removeRecord(hash: number, address: Address): void {
    this.removeHashed(hash, address);
  }
}
