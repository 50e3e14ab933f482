import { FrameReader, lengthBytes, readUint32 } from "peer-link";
import { maxFrameBytes, PeerProtocolError } from "./frame-types.ts";
import { type RecordSeal, tagBytes } from "./record-seal.ts";

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

/** `sealOf` gives the seal of the records that are read; while it gives none, bare frames are read. */
export const newFrameReader = (
  maxBytes: number,
  handle: FrameHandler,
  sealOf: () => RecordSeal | undefined = () => undefined,
): FrameReader =>
  new FrameReader({ minBytes, maxBytes }, (bytes, start, end) => {
    const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const seal = sealOf();
    if (seal !== undefined) return readRecord(seal, buffer, start, end, handle);
    return handle(buffer[start]!, new FrameBody(buffer, start + 1, end));
  });

/** Nothing of a record is looked at before its tag. */
function readRecord(seal: RecordSeal, buffer: Buffer, start: number, end: number, handle: FrameHandler): boolean {
  const framesEnd = end - tagBytes;
  if (framesEnd <= start || !seal.isNext(buffer, start, framesEnd)) {
    throw new PeerProtocolError(
      "a record with a wrong tag: somebody else made, changed, moved, repeated or dropped it",
    );
  }
  for (let at = start; at < framesEnd;) {
    const length = at + lengthBytes <= framesEnd ? readUint32(buffer, at) : 0;
    const frame = at + lengthBytes;
    if (length < minBytes || length > maxFrameBytes || frame + length > framesEnd) {
      throw new PeerProtocolError(`a frame of ${length} bytes in a record of ${framesEnd - start}`);
    }
    at = frame + length;
    if (!handle(buffer[frame]!, new FrameBody(buffer, frame + 1, at))) return false;
  }
  return true;
}

/** Reads what a socket has delivered. @throws PeerProtocolError */
export function readFrames(reader: FrameReader, chunk: Buffer): void {
  const failure = reader.feed(chunk);
  if (failure === undefined) return;
  const { bytes, maxBytes } = failure;
  throw new PeerProtocolError(`a frame of ${bytes} bytes: ${minBytes} to ${maxBytes} are allowed`);
}
