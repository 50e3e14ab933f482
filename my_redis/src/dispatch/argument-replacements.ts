const initialBytes = 256;
const initialCount = 8;

/**
 * Arguments that go to the log in another form than the client sent: the id that XADD made of `*`, say. The bytes are
 * copied, into memory that is used again, so that noting them costs no allocation.
 */
export class ArgumentReplacements {
  bytes = new Uint8Array(initialBytes);
  count = 0;
  #indexes = new Int32Array(initialCount);
  #ends = new Int32Array(initialCount);

  clear(): void {
    this.count = 0;
  }

  /** Notes that argument `index` is to be bytes[start, end). To be called in the order of the indexes. */
  add(index: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.count === this.#indexes.length) throw new RangeError(`more than ${initialCount} arguments replaced`);
    const at = this.start(this.count);
    if (at + end - start > this.bytes.length) {
      const grown = new Uint8Array((at + end - start) * 2);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    for (let place = start; place < end; place++) this.bytes[at + place - start] = bytes[place] as number;
    this.#indexes[this.count] = index;
    this.#ends[this.count] = at + end - start;
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
