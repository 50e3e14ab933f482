import { ByteBuffer } from "../memory/byte-buffer.ts";

const initialCount = 8;

/**
 * Arguments that the log gets in another form than the client sent, such as the id that XADD made of `*`. The bytes are
 * copied into reused memory, so that noting them costs no allocation.
 */
export class ArgumentReplacements {
  readonly #buffer = new ByteBuffer();
  count = 0;
  #indexes = new Int32Array(initialCount);
  #ends = new Int32Array(initialCount);

  clear(): void {
    this.count = 0;
  }

  /** The new bytes of all arguments. */
  get bytes(): Uint8Array {
    return this.#buffer.bytes;
  }

  /**
   * Notes that the log gets bytes[start, end) as argument `index`. Must be called in ascending order of the indexes.
   */
  add(index: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.count === this.#indexes.length) throw new RangeError(`more than ${initialCount} arguments replaced`);
    this.#buffer.length = this.start(this.count);
    this.#buffer.raw(bytes, start, end);
    this.#indexes[this.count] = index;
    this.#ends[this.count] = this.#buffer.length;
    this.count++;
  }

  /** Index of the replaced argument. */
  index(number: number): number {
    return this.#indexes[number] as number;
  }

  /** Where the argument's new bytes start in `bytes`. */
  start(number: number): number {
    return number === 0 ? 0 : (this.#ends[number - 1] as number);
  }

  end(number: number): number {
    return this.#ends[number] as number;
  }
}
