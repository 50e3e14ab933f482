import { copyBytes } from "../../memory/copy-bytes.ts";
import type { ByteRange, ReusedByteRange } from "../../memory/byte-range.ts";
import { decompressed, fileWindow, kernelBytes, windowBytes } from "../../memory/kernels/kernel-memory.ts";
import type { LoadedNodes, LoadedTable } from "../../collections/value-visitor.ts";
import { Crc64 } from "./crc64.ts";
import { checkLength, decompressAt, decompressInto } from "./lzf.ts";
import type { StreamId } from "../../values/stream/stream-id.ts";
import { RdbFormatError } from "./rdb-format-error.ts";
import { RdbReader, type StringTarget } from "./rdb-reader.ts";
import type { RecordLoader } from "./record-loader.ts";

const checksumBytes = 8;
const noBytes = new Uint8Array(0);

/** Reads up to `target.length` bytes from where the last read ended; 0 at the end. */
export type ReadBytes = (target: Uint8Array) => number;

/** Where the part of a file that is being read lies. */
export interface FileWindow {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** In the memory of the kernels, which then can read many keys at a time. Only for a file that is read without a break. */
const sharedWindow: FileWindow = { bytes: kernelBytes, start: fileWindow, end: fileWindow + windowBytes };
/** The size of a window for a file that is read in steps. */
const ownWindowBytes = 128 * 1024;

/** A window that nobody else uses. */
export const ownWindow = (): FileWindow => ({ bytes: new Uint8Array(ownWindowBytes), start: 0, end: ownWindowBytes });

/**
 * Reads an RDB file through a window, and calculates its checksum. The ranges that it gives are valid until `settle`,
 * which is called between two values.
 */
export class RdbFileReader extends RdbReader {
  readonly #read: ReadBytes;
  readonly #window: FileWindow;
  /** Bytes of the file after the window. */
  #unread: number;
  /** The place in the file of the first byte of `bytes`; negative when the window does not begin there. */
  #bytesOffset: number;
  readonly #checksum = new Crc64();
  /** The checksum includes the window up to this place. */
  #summedTo: number;
  #decompressedTo = decompressed;
  /** The last window of its own that a long value got. */
  #longWindow = noBytes;
  /** The last string that was too long for the memory of the kernels, and whether it may be in use. */
  #longString = noBytes;
  #longStringInUse = false;
  /** Reads many elements at a time. */
  records: RecordLoader | undefined;

  /** `size`: the size of the file in bytes. */
  constructor(read: ReadBytes, size: number, window: FileWindow = sharedWindow) {
    super({ bytes: window.bytes, start: window.start, end: window.start });
    this.#read = read;
    this.#window = window;
    this.#bytesOffset = -window.start;
    this.#summedTo = window.start;
    this.#unread = size;
  }

  /** The reader's position in the file. */
  get offset(): number {
    return this.#bytesOffset + this.at;
  }

  override get left(): number {
    return this.end - this.at + this.#unread;
  }

  /** A value that is longer than the window gets one of its own: ranges in the present one may still be in use. */
  protected override more(size: number): void {
    if (size > this.left) super.more(size);
    if (this.#isAtBeginning) {
      this.settle();
      if (size <= this.end - this.at) return;
    }
    const length = Math.max(size, Math.min(windowBytes, this.left));
    // New memory costs more than to copy into it, so the last window is used again once `settle` has left it.
    if (this.#longWindow === this.bytes || this.#longWindow.length < length) this.#longWindow = new Uint8Array(length);
    this.#moveTo(this.#longWindow, 0, this.#longWindow.length);
  }

  /** Nothing has been read yet, so no range is in use. */
  get #isAtBeginning(): boolean {
    return this.bytes === this.#window.bytes && this.end === this.#window.start;
  }

  override settle(): void {
    this.#decompressedTo = decompressed;
    this.#longStringInUse = false;
    const left = this.end - this.at;
    const { bytes, start, end } = this.#window;
    const size = end - start;
    if (this.bytes === bytes ? this.#unread > 0 && left < size / 4 : left <= size) this.#moveTo(bytes, start, end);
  }

  override elements(table: LoadedTable, count: number): number {
    if (this.records === undefined) return 0;
    this.settle();
    return this.isInKernel ? this.records.elements(this, table, count) : 0;
  }

  override nodes(nodes: LoadedNodes, count: number, lastId?: StreamId): number {
    if (this.records === undefined) return 0;
    this.settle();
    return this.isInKernel ? this.records.nodes(this, nodes, count, lastId) : 0;
  }

  /** Whether the next bytes are in the memory of the kernels. */
  get isInKernel(): boolean {
    return this.bytes === kernelBytes;
  }

  /** Strings that fit go into the memory of the kernels: an array for each would cost more than the decompression. */
  protected override decompressed(start: number, end: number, length: number): ByteRange {
    return this.#decompressedShort(start, end, length) ?? this.#decompressedLong(start, end, length);
  }

  /** A string that is longer than the window is read to where the target keeps it. */
  protected override rawTo(target: StringTarget, size: number, into: ReusedByteRange): void {
    const { start: first, end: last } = this.#window;
    if (size <= last - first || size > this.left) {
      super.rawTo(target, size, into);
      return;
    }
    const { bytes, start, end } = target.longString(size);
    this.#sum();
    const held = this.end - this.at;
    copyBytes(this.bytes, this.at, this.end, bytes, start);
    this.#readInto(bytes, start + held, end);
    this.#checksum.update(bytes, start, end);
    this.at = this.end;
    this.#summedTo = this.end;
    this.#bytesOffset += size - held;
  }

  /** A long string goes where the target keeps it. */
  protected override decompressTo(target: StringTarget, start: number, end: number, length: number): void {
    const short = this.#decompressedShort(start, end, length);
    if (short !== undefined) {
      target.string(short);
      return;
    }
    checkLength(start, end, length);
    decompressInto(target.longString(length), this.bytes, start, end);
  }

  /** Undefined for what the memory of the kernels has no room for. */
  #decompressedShort(start: number, end: number, length: number): ByteRange | undefined {
    const first = this.#decompressedTo;
    if (!decompressAt(this.bytes, start, end, first, length)) return undefined;
    this.#decompressedTo = first + length;
    return { bytes: kernelBytes, start: first, end: first + length };
  }

  #decompressedLong(start: number, end: number, length: number): ByteRange {
    checkLength(start, end, length);
    if (this.#longStringInUse || this.#longString.length < length) this.#longString = new Uint8Array(length);
    this.#longStringInUse = true;
    const range = { bytes: this.#longString, start: 0, end: length };
    decompressInto(range, this.bytes, start, end);
    return range;
  }

  /** Continues in window[first, last) with what is left of the present window, and fills the rest from the file. */
  #moveTo(window: Uint8Array, first: number, last: number): void {
    this.#sum();
    copyBytes(this.bytes, this.at, this.end, window, first);
    this.#bytesOffset += this.at - first;
    this.end = first + this.end - this.at;
    this.at = first;
    this.#summedTo = first;
    this.bytes = window;
    const end = Math.min(last, this.end + this.#unread);
    this.#readInto(window, this.end, end);
    this.end = end;
  }

  /** Reads the next bytes of the file, all of which must be there. */
  #readInto(target: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end;) {
      const read = this.#read(target.subarray(at, end));
      if (read === 0) throw new RdbFormatError("the file ended while it was read");
      at += read;
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
