import { copyBytes } from "../memory/copy-bytes.ts";
import type { Address } from "../memory/heap.ts";
import * as record from "../memory/record.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { fitsBlock, fitsExactly } from "./fits-block.ts";
import { RecordStore } from "./record-store.ts";

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
