import { type FrameHeader, headerBytes, readHeader } from "./frame.ts";

/** `payload` is bytes[start, end), valid only during the call. False: nothing more is to be read. */
export type OnFrame = (header: FrameHeader, bytes: Uint8Array, start: number, end: number) => boolean;

/** A request and its reply are at most this long, and a transaction: what lies beyond is no frame of ours. */
const maxPayloadBytes = 2_147_483_647;
const emptyBytes = new Uint8Array(0);

/** Cuts what arrives on a link into frames. A frame that is whole in its chunk is read in place. */
export class FrameReader {
  readonly #header: FrameHeader = { kind: 0, info: 0, id: 0, database: 0 };
  #kept: Uint8Array = emptyBytes;
  #keptBytes = 0;
  readonly #onFrame: OnFrame;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** Bytes of a frame that is not complete. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** False when the bytes are no frames. */
  feed(chunk: Uint8Array): boolean {
    let at = 0;
    while (this.#keptBytes > 0 && at < chunk.length) {
      at = this.#complete(chunk, at);
      if (at < 0) return at === stopped;
    }
    while (chunk.length - at >= headerBytes) {
      const length = readHeader(chunk, at, this.#header);
      if (length > maxPayloadBytes) return false;
      const start = at + headerBytes;
      if (start + length > chunk.length) break;
      if (!this.#onFrame(this.#header, chunk, start, start + length)) return true;
      at = start + length;
    }
    if (at < chunk.length) this.#keep(chunk, at, chunk.length);
    return true;
  }

  /** Adds to the kept beginning of a frame what it lacks. Gives where the rest of the chunk begins. */
  #complete(chunk: Uint8Array, from: number): number {
    let at = from;
    if (this.#keptBytes < headerBytes) {
      const taken = Math.min(headerBytes - this.#keptBytes, chunk.length - at);
      this.#keep(chunk, at, at + taken);
      at += taken;
      if (this.#keptBytes < headerBytes) return at;
    }
    const length = readHeader(this.#kept, 0, this.#header);
    if (length > maxPayloadBytes) return malformed;
    const end = headerBytes + length;
    const taken = Math.min(end - this.#keptBytes, chunk.length - at);
    this.#keep(chunk, at, at + taken, end);
    at += taken;
    if (this.#keptBytes < end) return at;
    const bytes = this.#kept;
    this.#kept = emptyBytes;
    this.#keptBytes = 0;
    return this.#onFrame(this.#header, bytes, headerBytes, end) ? at : stopped;
  }

  #keep(chunk: Uint8Array, start: number, end: number, expectedBytes = 1024): void {
    const length = this.#keptBytes + end - start;
    if (length > this.#kept.length) {
      // A header alone does not make us reserve what it announces: at most 16 MiB more than has come.
      const grown = new Uint8Array(Math.max(length, Math.min(expectedBytes, length * 2 + (1 << 24))));
      grown.set(this.#kept.subarray(0, this.#keptBytes));
      this.#kept = grown;
    }
    this.#kept.set(chunk.subarray(start, end), this.#keptBytes);
    this.#keptBytes = length;
  }
}

const stopped = -1;
const malformed = -2;
