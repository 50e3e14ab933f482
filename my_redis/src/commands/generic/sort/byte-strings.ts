/** Many byte strings, by number, one behind the other in one buffer: so that a sort needs no object for each. */
export class ByteStrings {
  bytes = new Uint8Array(1024);
  #ends = new Float64Array(64);
  count = 0;

  /** Bytes of all of them. */
  get totalBytes(): number {
    return this.end(this.count - 1);
  }

  /** Adds a copy of bytes[start, end); gives its number. */
  add(bytes: Uint8Array, start: number, end: number): number {
    const at = this.totalBytes;
    const length = end - start;
    if (at + length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.bytes.length * 2, at + length));
      grown.set(this.bytes.subarray(0, at));
      this.bytes = grown;
    }
    if (this.count === this.#ends.length) {
      const grown = new Float64Array(this.count * 2);
      grown.set(this.#ends);
      this.#ends = grown;
    }
    this.bytes.set(bytes.subarray(start, end), at);
    this.#ends[this.count] = at + length;
    return this.count++;
  }

  start(number: number): number {
    return this.end(number - 1);
  }

  end(number: number): number {
    return number < 0 ? 0 : (this.#ends[number] as number);
  }
}
