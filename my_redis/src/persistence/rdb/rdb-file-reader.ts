import { copyBytes } from "../../memory/copy-bytes.ts";
import type { ByteRange } from "../../memory/byte-range.ts";
import { Crc64 } from "./crc64.ts";
import { checkLength, decompressInto } from "./lzf.ts";
import { RdbFormatError } from "./rdb-format-error.ts";
import { RdbReader } from "./rdb-reader.ts";

/** Bytes of the file in memory at a time, except for a value that is longer. */
const windowBytes = 1 << 20;
const checksumBytes = 8;
/**
 * Room for the strings that are decompressed between two calls of `settle`. Further or longer ones get arrays of their
 * own.
 */
const decompressedBytes = 64 * 1024;

/** Reads up to `target.length` bytes from where the last read ended; 0 at the end. */
export type ReadBytes = (target: Uint8Array) => number;

/**
 * Reads an RDB file through a window, and calculates its checksum. The ranges that it gives are valid until `settle`,
 * which is called between two values.
 */
export class RdbFileReader extends RdbReader {
  readonly #read: ReadBytes;
  /** Bytes of the file after the window. */
  #unread: number;
  /** Where in the file the window starts. */
  #windowOffset = 0;
  readonly #checksum = new Crc64();
  /** The checksum includes the window up to this place. */
  #summedTo = 0;
  readonly #decompressed = new Uint8Array(decompressedBytes);
  #decompressedTo = 0;

  /** `size`: the size of the file in bytes. */
  constructor(read: ReadBytes, size: number) {
    super({ bytes: new Uint8Array(Math.min(size, windowBytes)), start: 0, end: 0 });
    this.#read = read;
    this.#unread = size;
  }

  /** The reader's position in the file. */
  get offset(): number {
    return this.#windowOffset + this.at;
  }

  override get left(): number {
    return this.end - this.at + this.#unread;
  }

  protected override more(size: number): void {
    if (size > this.left) super.more(size);
    // A new window: ranges in the old one may still be in use.
    this.#moveTo(new Uint8Array(Math.max(size, Math.min(windowBytes, this.left))));
  }

  /** To be called when the ranges given so far are no longer used: their memory is used again. */
  settle(): void {
    this.#decompressedTo = 0;
    if (this.#unread > 0 && this.end - this.at < windowBytes / 4) this.#moveTo(this.bytes);
  }

  /** An array for each string would cost more than the decompression. */
  protected override decompressed(start: number, end: number, length: number): ByteRange {
    const first = this.#decompressedTo;
    const last = first + length;
    if (last > decompressedBytes) return super.decompressed(start, end, length);
    checkLength(start, end, length);
    decompressInto(this.bytes, start, end, this.#decompressed, first, length);
    this.#decompressedTo = last;
    return { bytes: this.#decompressed, start: first, end: last };
  }

  #moveTo(window: Uint8Array): void {
    this.#sum();
    const kept = this.end - this.at;
    copyBytes(this.bytes, this.at, this.end, window, 0);
    this.#windowOffset += this.at;
    this.at = 0;
    this.#summedTo = 0;
    this.bytes = window;
    this.end = kept;
    while (this.end < window.length && this.#unread > 0) {
      const read = this.#read(window.subarray(this.end, this.end + Math.min(window.length - this.end, this.#unread)));
      if (read === 0) throw new RdbFormatError("the file ended while it was read");
      this.end += read;
      this.#unread -= read;
    }
  }

  #sum(): void {
    this.#checksum.update(this.bytes, this.#summedTo, this.at);
    this.#summedTo = this.at;
  }

  /** Reads the checksum of everything before it. It is not compared if `verify` is false or it is zero. */
  checksum(verify: boolean): void {
    const expected = new Uint8Array(checksumBytes);
    this.#sum();
    this.#checksum.write(expected, 0);
    const { bytes, start, end } = this.raw(checksumBytes);
    const found = bytes.subarray(start, end);
    if (!verify || found.every((byte) => byte === 0)) return;
    if (Buffer.compare(found, expected) !== 0) throw new RdbFormatError("the checksum does not fit what is before it");
  }
}
