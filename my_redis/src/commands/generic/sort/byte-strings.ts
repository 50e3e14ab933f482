import { ByteBuffer } from "../../../memory/byte-buffer.ts";

/** Many byte strings in one buffer, addressed by number, so that a sort needs no object for each of them. */
export class ByteStrings {
  readonly #buffer = new ByteBuffer({ initialBytes: 1024 });
  #ends = new Float64Array(64);
  count = 0;

  /** The total length of all strings, in bytes. */
  get totalBytes(): number {
    return this.#buffer.length;
  }

  get bytes(): Uint8Array {
    return this.#buffer.bytes;
  }

  /** Adds a copy of bytes[start, end). Returns its number. */
  add(bytes: Uint8Array, start: number, end: number): number {
    if (this.count === this.#ends.length) {
      const grown = new Float64Array(this.count * 2);
      grown.set(this.#ends);
      this.#ends = grown;
    }
    this.#buffer.raw(bytes, start, end);
    this.#ends[this.count] = this.#buffer.length;
    return this.count++;
  }

  start(number: number): number {
    return this.end(number - 1);
  }

  end(number: number): number {
    return number < 0 ? 0 : (this.#ends[number] as number);
  }
}
