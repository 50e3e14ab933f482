import type { LoadedNodes, LoadedTable } from "../../collections/value-visitor.ts";
import { copyBytes } from "../../memory/copy-bytes.ts";
import { type ByteRange, digitsOf, emptyRange, type ReusedByteRange, wholeRange } from "../../memory/byte-range.ts";
import { decompress } from "./lzf.ts";
import type { StreamId } from "../../values/stream/stream-id.ts";
import { RdbFormatError } from "./rdb-format-error.ts";
import { stringForm } from "./rdb-types.ts";

const twoTo32 = 4294967296;
/** The greatest 64-bit integer that a double can express. */
const greatestMs = 9_223_372_036_854_774_784;
const doubleBytes = new Uint8Array(8);
const doubleView = new DataView(doubleBytes.buffer);

/** Takes a string that is read. */
export interface StringTarget {
  string(value: ByteRange): void;
  /** Takes a string of `length` bytes, whose content the reader then writes to the given place. */
  longString(length: number): ByteRange;
}

/**
 * Reads the basic parts of the RDB format, and never beyond the end. Every method throws RdbFormatError. `bytes` may be
 * the first part of a longer input: then `more` provides the next part.
 */
export class RdbReader {
  bytes: Uint8Array;
  at: number;
  end: number;
  /** The two words of the integer that `words` has read, unsigned. */
  high = 0;
  low = 0;

  constructor({ bytes, start, end }: ByteRange) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  /**
   * Provides `size` bytes at `at`, when there are fewer so far. The content of the previous `bytes` does not change.
   */
  protected more(size: number): void {
    throw new RdbFormatError(`${size} bytes are announced where ${this.left} are left`);
  }

  /** Skips `size` bytes; gives where they start. To be called before `bytes` is read. */
  skip(size: number): number {
    if (size > this.end - this.at) this.more(size);
    const start = this.at;
    this.at += size;
    return start;
  }

  byte(): number {
    const at = this.skip(1);
    return this.bytes[at] as number;
  }

  /** `size` bytes as an unsigned integer, lowest first. */
  littleEndian(size: number): number {
    const start = this.skip(size);
    let value = 0;
    for (let byte = size - 1; byte >= 0; byte--) value = value * 256 + (this.bytes[start + byte] as number);
    return value;
  }

  bigEndian32(): number {
    const at = this.skip(4);
    const { bytes } = this;
    const low = ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    return (bytes[at] as number) * 0x1000000 + low;
  }

  /** Reads a length into `high` and `low`. True when it is the form of a string instead, which is in `low`. */
  #lengthOrForm(): boolean {
    const first = this.byte();
    this.high = 0;
    if (first < 0x40) this.low = first;
    else if (first < 0x80) this.low = ((first & 63) << 8) | this.byte();
    else if (first === 0x80) this.low = this.bigEndian32();
    else if (first === 0x81) {
      this.high = this.bigEndian32();
      this.low = this.bigEndian32();
    } else if (first >= 0xc0) {
      this.low = first & 63;
      return true;
    } else throw new RdbFormatError(`a length that begins with ${first}`);
    return false;
  }

  /** Reads an unsigned integer of 64 bits into `high` and `low`. As in Redis, the form of a string counts as its number. */
  words(): void {
    this.#lengthOrForm();
  }

  /** A length, or any other integer up to 2^53. */
  count(): number {
    this.words();
    const value = this.high * twoTo32 + this.low;
    if (!Number.isSafeInteger(value)) throw new RdbFormatError("a length beyond 2^53");
    return value;
  }

  /** Reads the number of following parts that take at least `leastBytes` each. */
  countOf(leastBytes: number): number {
    const count = this.count();
    if (count * leastBytes > this.left) {
      throw new RdbFormatError(`${count} elements are announced where ${this.left} bytes are left`);
    }
    return count;
  }

  double(): number {
    const at = this.skip(8);
    copyBytes(this.bytes, at, at + 8, doubleBytes, 0);
    return doubleView.getFloat64(0, true);
  }

  /** Milliseconds of eight bytes. Negative ones become 0, greater ones than 2^53 - 1 become that. */
  milliseconds(): number {
    return Math.max(this.signedMilliseconds(), 0);
  }

  /** The expiry of a key: as `milliseconds`, but beyond 2^53 it is only rounded, as EXPIRE rounds it. */
  moment(): number {
    const low = this.littleEndian(4);
    const high = this.littleEndian(4) | 0;
    return Math.min(Math.max(high * twoTo32 + low, 0), greatestMs);
  }

  /** As `milliseconds`, with -1 for any negative number, which means never. */
  signedMilliseconds(): number {
    const low = this.littleEndian(4);
    const high = this.littleEndian(4) | 0;
    return Math.min(Math.max(high * twoTo32 + low, -1), Number.MAX_SAFE_INTEGER);
  }

  /** The next `size` bytes, in `into`. */
  raw(size: number, into: ReusedByteRange = emptyRange()): ByteRange {
    into.start = this.skip(size);
    into.end = into.start + size;
    into.bytes = this.bytes;
    return into;
  }

  /** A string in any form: a part of the input, which is given in `into`, or an array of its own. */
  string(into?: ReusedByteRange): ByteRange {
    return this.#lengthOrForm() ? this.#ofForm() : this.raw(this.high * twoTo32 + this.low, into);
  }

  /** As `string`, for the value of a key. A long one need not be in memory twice. */
  stringTo(target: StringTarget, into: ReusedByteRange): void {
    if (!this.#lengthOrForm()) this.rawTo(target, this.high * twoTo32 + this.low, into);
    else if (this.low === stringForm.lzf) this.#compressedTo(target);
    else target.string(this.#ofForm());
  }

  /** A string of the form in `low`. */
  #ofForm(): ByteRange {
    switch (this.low) {
      case stringForm.integer8:
        return digitsOf((this.littleEndian(1) << 24) >> 24);
      case stringForm.integer16:
        return digitsOf((this.littleEndian(2) << 16) >> 16);
      case stringForm.integer32:
        return digitsOf(this.littleEndian(4) | 0);
      case stringForm.lzf:
        return this.#compressed();
      default:
        throw new RdbFormatError(`a string of the unknown form ${this.low}`);
    }
  }

  #compressed(): ByteRange {
    const { start, end, length } = this.#compressedPart();
    // Redis does not look at the compressed bytes of an empty string.
    if (length === 0) return { bytes: this.bytes, start, end: start };
    return this.decompressed(start, end, length);
  }

  #compressedTo(target: StringTarget): void {
    const { start, end, length } = this.#compressedPart();
    if (length === 0) target.string({ bytes: this.bytes, start, end: start });
    else this.decompressTo(target, start, end, length);
  }

  /** Where a compressed string is, and how long it becomes. */
  #compressedPart(): { readonly start: number; readonly end: number; readonly length: number } {
    const size = this.count();
    const length = this.count();
    const start = this.skip(size);
    return { start, end: start + size, length };
  }

  /** To be called when the ranges given so far are no longer used: their memory may be used again. */
  settle(): void {}

  /**
   * Reads up to `count` elements of a large collection into its table, if it can read many at a time; gives their number.
   * Strings that were given before are no longer valid then.
   */
  elements(_table: LoadedTable, _count: number): number {
    return 0;
  }

  /**
   * As `elements`, for up to `count` nodes of a large list, or of a stream whose last entry so far is `lastId`, which
   * changes.
   */
  nodes(_nodes: LoadedNodes, _count: number, _lastId?: StreamId): number {
    return 0;
  }

  /** Gives the next `size` bytes to a target. */
  protected rawTo(target: StringTarget, size: number, into: ReusedByteRange): void {
    target.string(this.raw(size, into));
  }

  /** Gives what bytes[start, end) become to a target. */
  protected decompressTo(target: StringTarget, start: number, end: number, length: number): void {
    target.string(this.decompressed(start, end, length));
  }

  /** Decompresses bytes[start, end) to `length` bytes. */
  protected decompressed(start: number, end: number, length: number): ByteRange {
    return wholeRange(decompress(this.bytes, start, end, length));
  }
}
