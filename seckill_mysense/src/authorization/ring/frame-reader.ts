import { PeerProtocolError } from "./frame-types.ts";

/** The body of a frame, read from its beginning to its end. Valid until the handler returns. */
export class FrameBody {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  byte(): number {
    return this.#bytes[this.#take(1)]!;
  }

  number(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  text(): string {
    const length = this.#bytes.readUInt16BE(this.#take(2));
    const start = this.#take(length);
    return this.#bytes.toString("utf8", start, start + length);
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#end) throw new PeerProtocolError(`a frame ends ${at + bytes - this.#end} bytes too early`);
    this.#at = at + bytes;
    return at;
  }
}

export type FrameHandler = (type: number, body: FrameBody) => void;

/** Finds the frames in what a socket delivers. Only a frame that continues in the next chunk is kept. */
export class FrameReader {
  #rest: Buffer | undefined;
  /** Grows once the other side has shown who it is. */
  maxFrameBytes: number;

  constructor(maxFrameBytes: number) {
    this.maxFrameBytes = maxFrameBytes;
  }

  /** @throws PeerProtocolError */
  read(chunk: Buffer, handle: FrameHandler): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    let at = 0;
    while (at + 4 <= bytes.length) {
      const length = bytes.readUInt32BE(at);
      if (length < 1 || length > this.maxFrameBytes) {
        throw new PeerProtocolError(`a frame of ${length} bytes: 1 to ${this.maxFrameBytes} are allowed`);
      }
      const end = at + 4 + length;
      if (end > bytes.length) break;
      handle(bytes[at + 4]!, new FrameBody(bytes, at + 5, end));
      at = end;
    }
    // The chunk is the socket's: what is left of it has to be copied.
    if (at < bytes.length) this.#rest = Buffer.from(bytes.subarray(at));
  }
}
