import type { FrameType } from "./frame-types.ts";

/** What a socket offers to write to: returns how many bytes it took. */
interface ByteSink {
  write(bytes: Uint8Array): number;
}

const headerBytes = 5;
/** A character of JavaScript's strings takes three bytes of UTF-8 at most. */
const maxBytesPerCharacter = 3;

/**
 * Frames on their way to a peer, gathered in one buffer so that a turn's frames go out in one write. What the socket
 * does not take at once stays for its next chance.
 */
export class FrameWriter {
  #buffer = Buffer.allocUnsafe(4_096);
  #start = 0;
  #end = 0;
  #frameStart = 0;

  /** Bytes that wait to be sent. */
  get waitingBytes(): number {
    return this.#end - this.#start;
  }

  begin(type: FrameType): this {
    this.#reserve(headerBytes);
    this.#frameStart = this.#end;
    this.#buffer[this.#end + 4] = type;
    this.#end += headerBytes;
    return this;
  }

  byte(value: number): this {
    this.#reserve(1);
    this.#buffer[this.#end++] = value;
    return this;
  }

  /** Up to 4,294,967,295. */
  number(value: number): this {
    this.#reserve(4);
    this.#buffer.writeUInt32BE(value, this.#end);
    this.#end += 4;
    return this;
  }

  /** Up to 21,845 characters: the length takes two bytes. */
  text(value: string): this {
    this.#reserve(2 + value.length * maxBytesPerCharacter);
    const bytes = this.#buffer.write(value, this.#end + 2);
    this.#buffer.writeUInt16BE(bytes, this.#end);
    this.#end += 2 + bytes;
    return this;
  }

  /** Ends the frame: only now is its length known. */
  end(): void {
    this.#buffer.writeUInt32BE(this.#end - this.#frameStart - 4, this.#frameStart);
  }

  flushTo(sink: ByteSink): void {
    if (this.#end === this.#start) return;
    const taken = sink.write(this.#buffer.subarray(this.#start, this.#end));
    // A closed socket answers -1; its owner forgets this writer.
    this.#start += Math.max(0, taken);
    if (this.#start === this.#end) this.#start = this.#end = 0;
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.waitingBytes + bytes));
    this.#buffer.copy(larger, 0, this.#start, this.#end);
    this.#buffer = larger;
    this.#frameStart -= this.#start;
    this.#end -= this.#start;
    this.#start = 0;
  }
}
