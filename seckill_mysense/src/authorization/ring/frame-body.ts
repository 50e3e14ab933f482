import { FrameReader, readUint32 } from "peer-link";
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
    return readUint32(this.#bytes, this.#take(4));
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

/** False: nothing more is read from this connection. */
export type FrameHandler = (type: number, body: FrameBody) => boolean;

/** A frame is at least its type. */
const minBytes = 1;

export const newFrameReader = (maxBytes: number, handle: FrameHandler): FrameReader =>
  new FrameReader({ minBytes, maxBytes }, (bytes, start, end) => {
    const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    return handle(buffer[start]!, new FrameBody(buffer, start + 1, end));
  });

/** Reads what a socket has delivered. @throws PeerProtocolError */
export function readFrames(reader: FrameReader, chunk: Buffer): void {
  const failure = reader.feed(chunk);
  if (failure === undefined) return;
  const { bytes, maxBytes } = failure;
  throw new PeerProtocolError(`a frame of ${bytes} bytes: ${minBytes} to ${maxBytes} are allowed`);
}
