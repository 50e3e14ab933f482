import { copyBytes, withCapacity } from "./copy-bytes.ts";

export interface ByteBufferOptions {
  /** Bytes that fit before the buffer has to grow for the first time. */
  readonly initialBytes?: number;
  /**
   * `clear` replaces a buffer that has grown beyond this, so that one long content does not occupy memory afterwards.
   */
  readonly keptBytes?: number;
}

/**
 * Bytes that are appended at the end, in an array that doubles when it is full. The content is bytes[0, length). A caller
 * may also write into `bytes` at `length` itself and raise `length`, after it has asked for the room with `ensure`.
 */
export class ByteBuffer {
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;
  readonly #initialBytes: number;
  readonly #keptBytes: number;

  constructor({ initialBytes = 256, keptBytes = 1024 * 1024 }: ByteBufferOptions = {}) {
    this.bytes = new Uint8Array(initialBytes);
    this.#initialBytes = initialBytes;
    this.#keptBytes = keptBytes;
  }

  /** The content, as a view that is valid until the next change. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }

  /** The content, in an array of its own. */
  copy(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }

  /** The content, in an array of its own. The buffer is empty afterwards. */
  take(): Uint8Array<ArrayBuffer> {
    // An array that `clear` gives up need not be copied.
    const content = this.isGivenUp ? this.written : this.copy();
    this.clear();
    return content;
  }

  /** Makes room for `size` more bytes. */
  ensure(size: number): void {
    if (this.length + size > this.bytes.length) this.#grow(this.length + size);
  }

  #grow(needed: number): void {
    this.bytes = withCapacity(Math.max(this.bytes.length * 2, needed), this.bytes, 0, this.length);
  }

  byte(value: number): void {
    this.ensure(1);
    this.bytes[this.length++] = value;
  }

  /**
   * Appends bytes[start, end). The room is checked here and not by `ensure` alone: that makes a reply of +OK 17% faster. A
   * call of the private #grow at this place would make it 60% slower.
   */
  raw(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const at = this.length;
    const length = at + end - start;
    if (length > this.bytes.length) this.ensure(end - start);
    copyBytes(bytes, start, end, this.bytes, at);
    this.length = length;
  }

  /** Appends text of one byte per character. */
  latin1(text: string): void {
    this.ensure(text.length);
    for (let at = 0; at < text.length; at++) this.bytes[this.length++] = text.charCodeAt(at);
  }

  /** Whether the array has grown so large that `clear` gives it up. Its content then stays as it is. */
  get isGivenUp(): boolean {
    return this.bytes.length > this.#keptBytes;
  }

  /** Empties the buffer. */
  clear(): void {
    this.length = 0;
    if (this.isGivenUp) this.bytes = new Uint8Array(this.#initialBytes);
  }
}
