/** Many values of one length that look like chance, such as hashes, one after the other in one buffer, and sorted in linear time. */
export class HashColumn {
  readonly #width: number;
  #bytes: Uint8Array;
  #count = 0;

  /** @param width bytes of a value, at least 4 */
  constructor(width: number) {
    this.#width = width;
    this.#bytes = new Uint8Array(64 * width);
  }

  get count(): number {
    return this.#count;
  }

  add(value: Uint8Array): void {
    const start = this.#count * this.#width;
    if (start === this.#bytes.length) this.#grow();
    this.#bytes.set(value, start);
    this.#count++;
  }

  #grow(): void {
    const larger = new Uint8Array(2 * this.#bytes.length);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  /** The indexes of the values, the lowest value first. */
  order(): Uint32Array {
    // One bucket for each value, by its first bits: with values like chance, few share one.
    const bits = Math.min(24, Math.max(1, Math.ceil(Math.log2(this.#count + 1))));
    const view = new DataView(this.#bytes.buffer);
    const bucketOf = (index: number): number => view.getUint32(index * this.#width) >>> (32 - bits);
    const starts = new Uint32Array(2 ** bits + 1);
    for (let index = 0; index < this.#count; index++) (starts[bucketOf(index) + 1] as number)++;
    for (let bucket = 0; bucket < 2 ** bits; bucket++) (starts[bucket + 1] as number) += starts[bucket] as number;
    const order = new Uint32Array(this.#count);
    const free = starts.slice();
    for (let index = 0; index < this.#count; index++) order[(free[bucketOf(index)] as number)++] = index;
    for (let bucket = 0; bucket < 2 ** bits; bucket++) {
      const [start, end] = [starts[bucket] as number, starts[bucket + 1] as number];
      if (end - start > 1) order.subarray(start, end).sort((left, right) => this.compare(left, right));
    }
    return order;
  }

  compare(left: number, right: number): number {
    const [leftStart, rightStart] = [left * this.#width, right * this.#width];
    for (let at = 0; at < this.#width; at++) {
      const difference = (this.#bytes[leftStart + at] as number) - (this.#bytes[rightStart + at] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  }
}
