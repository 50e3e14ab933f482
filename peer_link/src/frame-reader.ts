import { lengthBytes, readUint32 } from "./uint32.ts";

/**
 * Gets a frame without its length: bytes[start, end), valid only during the call. Returning false stops the reader, and
 * the rest of the chunk is not read.
 */
export type OnFrame = (bytes: Uint8Array, start: number, end: number) => boolean;

export interface FrameReaderOptions {
  /** The least length of a frame, in bytes without the length itself. */
  readonly minBytes: number;
  /** The greatest length of a frame. */
  readonly maxBytes: number;
}

/** A length outside the limits. It shows that the other side does not follow the protocol. */
export interface FrameSizeFailure extends FrameReaderOptions {
  /** The announced length. */
  readonly bytes: number;
}

/**
 * A length alone must not make the reader reserve that much memory. It reserves at most this much more than has
 * arrived.
 */
const maxReservedBytes = 16 * 1024 * 1024;
const emptyBytes = new Uint8Array(0);
const stopped = -1;
const failed = -2;

/**
 * Splits a stream of bytes into frames: a length of four bytes, followed by that many bytes. A frame that is complete
 * in its chunk is read in place. Only a frame that continues in the next chunk is copied.
 */
export class FrameReader {
  readonly #minBytes: number;
  #maxBytes: number;
  readonly #onFrame: OnFrame;
  #kept: Uint8Array = emptyBytes;
  #keptBytes = 0;
  #failure: FrameSizeFailure | undefined;

  constructor({ minBytes, maxBytes }: FrameReaderOptions, onFrame: OnFrame) {
    this.#minBytes = minBytes;
    this.#maxBytes = maxBytes;
    this.#onFrame = onFrame;
  }

  /** Bytes of an incomplete frame. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Allows longer frames from now on, for example after the peer has been authenticated. */
  allow(maxBytes: number): void {
    this.#maxBytes = maxBytes;
  }

  /** Reads the next bytes of the stream. A failure ends the stream, because nothing after it can be interpreted. */
  feed(chunk: Uint8Array): FrameSizeFailure | undefined {
    let at = 0;
    while (this.#keptBytes > 0 && at < chunk.length) {
      at = this.#complete(chunk, at);
      if (at < 0) return at === stopped ? undefined : this.#failure;
    }
    while (chunk.length - at >= lengthBytes) {
      const length = readUint32(chunk, at);
      if (length > this.#maxBytes || length < this.#minBytes) return this.#fail(length);
      const start = at + lengthBytes;
      const end = start + length;
      if (end > chunk.length) break;
      if (!this.#onFrame(chunk, start, end)) return undefined;
      at = end;
    }
    if (at < chunk.length) this.#keep(chunk, at, chunk.length);
    return undefined;
  }

  /** Adds the missing bytes to the kept beginning of a frame. Returns where the rest of the chunk begins. */
  #complete(chunk: Uint8Array, from: number): number {
    let at = from;
    if (this.#keptBytes < lengthBytes) {
      const taken = Math.min(lengthBytes - this.#keptBytes, chunk.length - at);
      this.#keep(chunk, at, at + taken);
      at += taken;
      if (this.#keptBytes < lengthBytes) return at;
    }
    const length = readUint32(this.#kept, 0);
    if (length > this.#maxBytes || length < this.#minBytes) {
      this.#failure = this.#fail(length);
      return failed;
    }
    const end = lengthBytes + length;
    const taken = Math.min(end - this.#keptBytes, chunk.length - at);
    this.#keep(chunk, at, at + taken, end);
    at += taken;
    if (this.#keptBytes < end) return at;
    const bytes = this.#kept;
    this.#kept = emptyBytes;
    this.#keptBytes = 0;
    return this.#onFrame(bytes, lengthBytes, end) ? at : stopped;
  }

  #fail(bytes: number): FrameSizeFailure {
    return { bytes, minBytes: this.#minBytes, maxBytes: this.#maxBytes };
  }

  #keep(chunk: Uint8Array, start: number, end: number, expectedBytes = 1024): void {
    const length = this.#keptBytes + end - start;
    if (length > this.#kept.length) {
      const grown = new Uint8Array(Math.max(length, Math.min(expectedBytes, length * 2 + maxReservedBytes)));
      grown.set(this.#kept.subarray(0, this.#keptBytes));
      this.#kept = grown;
    }
    this.#kept.set(chunk.subarray(start, end), this.#keptBytes);
    this.#keptBytes = length;
  }
}
