const encoder = new TextEncoder();

/** Builds a message between nodes; little endian. */
export class ByteWriter {
  #buffer = new Uint8Array(256);
  #length = 0;

  /** What was written; a view that the next write may change. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  byte(value: number): this {
    this.#ensure(1);
    this.#buffer[this.#length++] = value;
    return this;
  }

  /** 0 to 2^32 - 1. */
  uint32(value: number): this {
    this.#ensure(4);
    const buffer = this.#buffer;
    buffer[this.#length++] = value & 255;
    buffer[this.#length++] = (value >>> 8) & 255;
    buffer[this.#length++] = (value >>> 16) & 255;
    buffer[this.#length++] = value >>> 24;
    return this;
  }

  /** Any number that is exact as a double. */
  number(value: number): this {
    this.#ensure(8);
    new DataView(this.#buffer.buffer).setFloat64(this.#length, value, true);
    this.#length += 8;
    return this;
  }

  /** A length and the bytes. */
  block(bytes: Uint8Array): this {
    this.uint32(bytes.length);
    this.#ensure(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  text(value: string): this {
    return this.block(encoder.encode(value));
  }

  texts(values: readonly string[]): this {
    this.uint32(values.length);
    for (const value of values) this.text(value);
    return this;
  }

  #ensure(size: number): void {
    if (this.#length + size <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + size));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}
