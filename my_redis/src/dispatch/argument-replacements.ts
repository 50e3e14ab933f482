import { ByteBuffer } from "../memory/byte-buffer.ts";

const initialCount = 8;

/**
 * Arguments that go to the log in another form than the client sent: the id that XADD made of `*`, say. The bytes are
 * copied, into memory that is used again, so that noting them costs no allocation.
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

  /** Notes that argument `index` is to be bytes[start, end). To be called in the order of the indexes. */
  add(index: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.count === this.#indexes.length) throw new RangeError(`more than ${initialCount} arguments replaced`);
    this.#buffer.length = this.start(this.count);
    this.#buffer.raw(bytes, start, end);
    this.#indexes[this.count] = index;
    this.#ends[this.count] = this.#buffer.length;
    this.count++;
  }

  /** Which argument is replaced. */
  index(number: number): number {
    return this.#indexes[number] as number;
  }

  /** Where its new bytes start in `bytes`. */
  start(number: number): number {
    return number === 0 ? 0 : (this.#ends[number - 1] as number);
  }

  end(number: number): number {
    return this.#ends[number] as number;
  }
}
