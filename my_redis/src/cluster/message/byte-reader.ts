const decoder = new TextDecoder();

/** A message or record that does not have the form that it should. */
export class MessageFormatError extends Error {}

/** Reads what a ByteWriter wrote. Throws MessageFormatError where it goes on beyond the end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  #take(size: number): number {
    const at = this.#at;
    if (size > this.#bytes.length - at) {
      throw new MessageFormatError(`a message of ${this.#bytes.length} bytes ends ${size} bytes after offset ${at}`);
    }
    this.#at += size;
    return at;
  }

  byte(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  uint32(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 24; factor *= 256) value += this.byte() * factor;
    return value;
  }

  number(): number {
    const at = this.#take(8);
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset).getFloat64(at, true);
  }

  /** A copy of a block. */
  block(): Uint8Array {
    const length = this.uint32();
    const at = this.#take(length);
    // Not `slice`: that of a Buffer is a view that keeps the whole message alive.
    return new Uint8Array(this.#bytes.subarray(at, at + length));
  }

  text(): string {
    return decoder.decode(this.block());
  }

  /** How many elements of at least `leastBytes` follow: no more than there are bytes for. */
  count(leastBytes: number): number {
    const count = this.uint32();
    const left = this.#bytes.length - this.#at;
    if (count * leastBytes > left) throw new MessageFormatError(`${count} elements in ${left} bytes`);
    return count;
  }

  texts(): string[] {
    return Array.from({ length: this.count(4) }, () => this.text());
  }

  /** One of these values, by its place. */
  oneOf<Value>(values: readonly Value[]): Value {
    const place = this.byte();
    const value = values[place];
    if (value === undefined) throw new MessageFormatError(`${place} stands for none of ${values.join(", ")}`);
    return value;
  }
}
