/** Takes bytes[start, end) and gives how many of them it took; a closed socket may give a negative number. */
export type WriteBytes = (bytes: Uint8Array<ArrayBuffer>, start: number, end: number) => number;

export interface SendBufferOptions {
  /** The buffer's size at first. */
  readonly initialBytes: number;
  /** A buffer that has grown beyond this is given up once all of it has been sent. */
  readonly keptBytes: number;
}

const defaults: SendBufferOptions = { initialBytes: 64 * 1024, keptBytes: 1024 * 1024 };

/**
 * Bytes on their way to a peer. They are gathered here so that all frames of a turn leave in one write; what the socket
 * does not take stays until it has drained.
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

  /** Bytes that wait to be sent. */
  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  /** Where the bytes lie; another one after `allocate` had to make room. */
  get buffer(): Uint8Array<ArrayBuffer> {
    return this.#buffer;
  }

  /** The place in `buffer` behind the last byte. */
  get endOffset(): number {
    return this.#end;
  }

  /** Appends `size` bytes, which the caller fills in; gives their place in `buffer`. */
  allocate(size: number): number {
    if (this.#end + size > this.#buffer.length) this.#makeRoom(size);
    const at = this.#end;
    this.#end = at + size;
    return at;
  }

  /** Takes back the last `size` bytes of what was allocated. */
  release(size: number): void {
    this.#end -= size;
  }

  #makeRoom(size: number): void {
    const pending = this.pendingBytes;
    const needed = pending + size;
    // Moving within the buffer is worth it only where much room is won; else each few bytes would move all.
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

  /** Gives what waits to the socket. */
  flush(write: WriteBytes): void {
    if (this.#end > this.#start) this.#start += Math.max(0, write(this.#buffer, this.#start, this.#end));
    if (this.#start === this.#end) this.clear();
  }

  /** Drops what has not been sent. */
  clear(): void {
    this.#start = 0;
    this.#end = 0;
    if (this.#buffer.length > this.#options.keptBytes) this.#buffer = new Uint8Array(this.#options.initialBytes);
  }
}
