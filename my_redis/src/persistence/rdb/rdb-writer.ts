import { parseSafeInteger } from "../../protocol/number-text.ts";
import { ByteBuffer } from "../../memory/byte-buffer.ts";
import { compress } from "./lzf.ts";
import { stringForm } from "./rdb-types.ts";

const twoTo32 = 4294967296;
/** Compressing shorter strings saves too little. */
const leastCompressedBytes = 21;
/** The longest text of an integer of 32 bits. */
const maxIntegerText = 11;
/** Buffer for compressed strings, so that no string needs an array of its own. */
const scratch = new Uint8Array(64 * 1024);
const doubleBytes = new Uint8Array(8);
const doubleView = new DataView(doubleBytes.buffer);

export interface RdbWriterOptions {
  /** Whether strings are compressed where that makes them shorter. */
  readonly compresses: boolean;
}

/** Writes the basic parts of the RDB format into a growing buffer. */
export class RdbWriter extends ByteBuffer {
  readonly #compresses: boolean;

  constructor({ compresses }: RdbWriterOptions) {
    super();
    this.#compresses = compresses;
  }

  /** An integer of `size` bytes, lowest byte first. */
  littleEndian(value: number, size: number): void {
    for (let byte = 0, rest = value; byte < size; byte++, rest = Math.floor(rest / 256)) this.byte(rest & 255);
  }

  #bigEndian32(value: number): void {
    for (let shift = 24; shift >= 0; shift -= 8) this.byte(value >>> shift);
  }

  /** A length, or any other safe integer that is not negative. */
  count(value: number): void {
    this.words(Math.floor(value / twoTo32), value >>> 0);
  }

  /** As `count`, for an unsigned integer of 64 bits in two words. */
  words(high: number, low: number): void {
    if (high === 0 && low < 64) {
      this.byte(low);
    } else if (high === 0 && low < 16384) {
      this.byte(0x40 | (low >>> 8));
      this.byte(low);
    } else if (high === 0) {
      this.byte(0x80);
      this.#bigEndian32(low);
    } else {
      this.byte(0x81);
      this.#bigEndian32(high);
      this.#bigEndian32(low);
    }
  }

  /** A double in eight bytes, lowest byte first. */
  double(value: number): void {
    doubleView.setFloat64(0, value, true);
    this.raw(doubleBytes, 0, 8);
  }

  /** Milliseconds in eight bytes, lowest byte first. */
  milliseconds(value: number): void {
    this.littleEndian(value >>> 0, 4);
    this.littleEndian(Math.floor(value / twoTo32) >>> 0, 4);
  }

  /**
   * A string. The text of an integer is written as the integer; other strings are compressed if that makes them
   * shorter.
   */
  string(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const length = end - start;
    if (length <= maxIntegerText) {
      const value = parseSafeInteger(bytes, start, end);
      if (!Number.isNaN(value) && value === (value | 0)) {
        this.#integer(value);
        return;
      }
    }
    if (this.#compresses && length >= leastCompressedBytes && this.#compressed(bytes, start, end)) return;
    this.count(length);
    this.raw(bytes, start, end);
  }

  #integer(value: number): void {
    const size = value === (value << 24) >> 24 ? 1 : value === (value << 16) >> 16 ? 2 : 4;
    const form = size === 1 ? stringForm.integer8 : size === 2 ? stringForm.integer16 : stringForm.integer32;
    this.byte(0xc0 | form);
    this.littleEndian(value >>> 0, size);
  }

  #compressed(bytes: Uint8Array, start: number, end: number): boolean {
    const most = end - start - 4;
    const target = most <= scratch.length ? scratch : new Uint8Array(most);
    const size = compress(bytes, start, end, target, most);
    if (size === 0) return false;
    this.byte(0xc0 | stringForm.lzf);
    this.count(size);
    this.count(end - start);
    this.raw(target, 0, size);
    return true;
  }
}
