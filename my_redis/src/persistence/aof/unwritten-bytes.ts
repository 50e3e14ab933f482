import { ByteBuffer } from "../../memory/byte-buffer.ts";

/** When more than this waits, `takesMore` is false. */
const maxBytes = 32 * 1024 * 1024;
/** Small writes are collected up to this size: each array of its own would take more memory than what is in it. */
const chunkBytes = 64 * 1024;

/** What could not be written to the log, in order. It waits in memory. */
export class UnwrittenBytes {
  bytes = 0;
  readonly #chunks: Uint8Array[] = [];
  /** What follows the chunks. */
  readonly #tail = new ByteBuffer();

  get isEmpty(): boolean {
    return this.bytes === 0;
  }

  /** False while so much waits that no further changes should be made, where that can be avoided. */
  get takesMore(): boolean {
    return this.bytes <= maxBytes;
  }

  /** Keeps a copy. */
  append(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    if (bytes.length >= chunkBytes) {
      this.#closeTail();
      this.#chunks.push(bytes.slice());
      return;
    }
    this.#tail.raw(bytes);
    if (this.#tail.length >= chunkBytes) this.#closeTail();
  }

  #closeTail(): void {
    if (this.#tail.length > 0) this.#chunks.push(this.#tail.take());
  }

  /** What is to be tried next. It stays here until it was taken. It ends where something that was appended ended. */
  get first(): Uint8Array {
    if (this.#chunks.length === 0) this.#closeTail();
    return this.#chunks[0] ?? new Uint8Array(0);
  }

  /** So many bytes of `first` wait no longer. */
  took(count: number): void {
    const { first } = this;
    this.bytes -= count;
    if (count === first.length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(count);
  }
}
