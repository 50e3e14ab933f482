const firstCapacity = 64;

/** A list of 32-bit integers, four bytes each. */
export class GrowingInts {
  #values = new Int32Array(firstCapacity);
  length = 0;

  get(index: number): number {
    return this.#values[index] as number;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }

  /** Gives the index of the value. */
  push(value: number): number {
    if (this.length === this.#values.length) {
      const larger = new Int32Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length] = value;
    return this.length++;
  }
}
