import { lengthBytes, SendBuffer, type WriteBytes, writeUint32 } from "peer-link";
import { type FrameType, fullRecordBytes } from "./frame-types.ts";
import { type RecordSeal, tagBytes } from "./record-seal.ts";

const sizes = { initialBytes: 4_096, keptBytes: 1_048_576 };
/** A character of JavaScript's strings takes three bytes of UTF-8 at most. */
const maxBytesPerCharacter = 3;
const maxTextBytes = 65_535;
const encoder = new TextEncoder();

/** Frames on their way to a peer. Each is written from `begin` to `end`, and not sent in between. */
export class FrameWriter extends SendBuffer {
  #frameBytes = 0;
  /** Bytes of the record that is not sealed yet, with its length; 0 without one. */
  #recordBytes = 0;
  #seal: RecordSeal | undefined;

  constructor() {
    super(sizes);
  }

  /** From now on frames go out in sealed records. All frames of a flush share one, because a tag costs time. */
  sealWith(seal: RecordSeal): void {
    this.#seal = seal;
  }

  begin(type: FrameType): this {
    if (this.#seal !== undefined && this.#recordBytes === 0) {
      this.allocate(lengthBytes);
      this.#recordBytes = lengthBytes;
    }
    this.#frameBytes = 0;
    this.#append(lengthBytes);
    return this.byte(type);
  }

  byte(value: number): this {
    const at = this.#append(1);
    this.buffer[at] = value;
    return this;
  }

  /** Up to 4,294,967,295. */
  number(value: number): this {
    const at = this.#append(4);
    writeUint32(this.buffer, at, value);
    return this;
  }

  /** Up to 65,535 bytes of UTF-8: the length takes two bytes. @throws RangeError */
  text(value: string): this {
    const room = 2 + value.length * maxBytesPerCharacter;
    const at = this.#append(room);
    const { written } = encoder.encodeInto(value, this.buffer.subarray(at + 2, at + room));
    if (written > maxTextBytes) throw new RangeError(`a text of ${written} bytes: ${maxTextBytes} are allowed`);
    this.buffer[at] = written >>> 8;
    this.buffer[at + 1] = written;
    this.#takeBack(room - 2 - written);
    return this;
  }

  /** Ends the frame: only now is its length known. */
  end(): void {
    writeUint32(this.buffer, this.endOffset - this.#frameBytes, this.#frameBytes - lengthBytes);
    if (this.#seal === undefined) return;
    this.#recordBytes += this.#frameBytes;
    if (this.#recordBytes >= fullRecordBytes) this.#endRecord(this.#seal);
  }

  override flush(write: WriteBytes): void {
    if (this.#seal !== undefined && this.#recordBytes > 0) this.#endRecord(this.#seal);
    super.flush(write);
  }

  #endRecord(seal: RecordSeal): void {
    const tag = seal.next(this.buffer, this.endOffset - this.#recordBytes + lengthBytes, this.endOffset);
    // This may replace the buffer.
    const at = this.allocate(tagBytes);
    this.buffer.set(tag, at);
    this.#recordBytes += tagBytes;
    writeUint32(this.buffer, this.endOffset - this.#recordBytes, this.#recordBytes - lengthBytes);
    this.#recordBytes = 0;
  }

  #append(bytes: number): number {
    this.#frameBytes += bytes;
    return this.allocate(bytes);
  }

  #takeBack(bytes: number): void {
    this.#frameBytes -= bytes;
    this.release(bytes);
  }
}
