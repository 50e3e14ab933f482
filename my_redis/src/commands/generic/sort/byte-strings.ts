import { ByteBuffer } from "../../../memory/byte-buffer.ts";

/** Many byte strings, by number, one behind the other in one buffer: so that a sort needs no object for each. */
export class ByteStrings {
  readonly #buffer = new ByteBuffer({ initialBytes: 1024 });
  #ends = new Float64Array(64);
  count = 0;

  /** Bytes of all of them. */
  get totalBytes(): number {
    return this.#buffer.length;
  }

  get bytes(): Uint8Array {
    return this.#buffer.bytes;
  }

  /** Adds a copy of bytes[start, end); gives its number. */
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
