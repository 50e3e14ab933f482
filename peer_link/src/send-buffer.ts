/** Takes bytes[start, end) and returns how many of them it took. A closed socket may return a negative number. */
export type WriteBytes = (bytes: Uint8Array<ArrayBuffer>, start: number, end: number) => number;

export interface SendBufferOptions {
  /** The buffer's initial size. */
  readonly initialBytes: number;
  /** A buffer that has grown beyond this is discarded once all of it has been sent. */
  readonly keptBytes: number;
}

const defaults: SendBufferOptions = { initialBytes: 64 * 1024, keptBytes: 1024 * 1024 };

/**
 * Bytes on their way to a peer. They are collected here so that all frames of a turn are sent in one write. Bytes that
 * the socket does not take stay here until it has drained.
 */
export class SendBuffer {
  readonly #options: SendBufferOptions;
  #buffer: Uint8Array<ArrayBuffer>;
  #start = 0;
  #end = 0;

  constructor(options: SendBufferOptions = defaults) {
    this.#options = options;
    this.#buffer = new Uint8Array(options.initialBytes);
  }

  /** The number of bytes that wait to be sent. */
  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  /** The memory that holds the bytes. `allocate` may replace it when it needs more room. */
  get buffer(): Uint8Array<ArrayBuffer> {
    return this.#buffer;
  }

  /** The position in `buffer` behind the last byte. */
  get endOffset(): number {
    return this.#end;
  }

  /** Appends `size` bytes for the caller to fill in. Returns their position in `buffer`. */
  allocate(size: number): number {
    if (this.#end + size > this.#buffer.length) this.#makeRoom(size);
    const at = this.#end;
    this.#end = at + size;
    return at;
  }

  /** Removes the last `size` allocated bytes. */
  release(size: number): void {
    this.#end -= size;
  }

  #makeRoom(size: number): void {
    const pending = this.pendingBytes;
    const needed = pending + size;
    // Moving the bytes within the buffer pays only when it frees much room. Otherwise every few bytes would move all
    // others.
    if (needed <= this.#buffer.length / 2) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
    } else {
      const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      larger.set(this.#buffer.subarray(this.#start, this.#end));
      this.#buffer = larger;
    }
    this.#start = 0;
    this.#end = pending;
  }

  /** Writes the waiting bytes to the socket. */
  flush(write: WriteBytes): void {
    if (this.#end > this.#start) this.#start += Math.max(0, write(this.#buffer, this.#start, this.#end));
    if (this.#start === this.#end) this.clear();
  }

  /** Drops the bytes that have not been sent. */
  clear(): void {
    this.#start = 0;
    this.#end = 0;
    if (this.#buffer.length > this.#options.keptBytes) this.#buffer = new Uint8Array(this.#options.initialBytes);
  }
}
