import { ByteBuffer } from "../../memory/byte-buffer.ts";

const encoder = new TextEncoder();

/** Builds a message between nodes; little endian. */
export class ByteWriter {
  readonly #buffer = new ByteBuffer();

  /** The bytes that were written; a view that the next write may change. */
  get bytes(): Uint8Array {
    return this.#buffer.written;
  }

  byte(value: number): this {
    this.#buffer.byte(value);
    return this;
  }

  /** 0 to 2^32 - 1. */
  uint32(value: number): this {
    const buffer = this.#buffer;
    buffer.ensure(4);
    const { bytes } = buffer;
    bytes[buffer.length++] = value & 255;
    bytes[buffer.length++] = (value >>> 8) & 255;
    bytes[buffer.length++] = (value >>> 16) & 255;
    bytes[buffer.length++] = value >>> 24;
    return this;
  }

  /** Any number that is exact as a double. */
  number(value: number): this {
    const buffer = this.#buffer;
    buffer.ensure(8);
    new DataView(buffer.bytes.buffer).setFloat64(buffer.length, value, true);
    buffer.length += 8;
    return this;
  }

  /** A length and the bytes. */
  block(bytes: Uint8Array): this {
    this.uint32(bytes.length);
    this.#buffer.raw(bytes);
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
}
