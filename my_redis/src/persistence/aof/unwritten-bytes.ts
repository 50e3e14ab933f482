/** When more than this waits, `takesMore` is false. */
const maxBytes = 32 * 1024 * 1024;

/** What could not be written to the log, in order. It waits in memory. */
export class UnwrittenBytes {
  bytes = 0;
  #chunks: Uint8Array[] = [];

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** False while so much waits that no further changes should be made, where that can be avoided. */
  get takesMore(): boolean {
    return this.bytes <= maxBytes;
  }

  /** Keeps a copy. */
  append(bytes: Uint8Array): void {
    this.#chunks.push(bytes.slice());
    this.bytes += bytes.length;
  }

  /** Gives everything up, for another try. */
  takeAll(): readonly Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.bytes = 0;
    return chunks;
  }
}
