import { copyBytes } from "../../memory/copy-bytes.ts";

const initialBytes = 1024;
const keptBytes = 1024 * 1024;

/** Bytes that grow at the end. `room` is to be asked for before `bytes` is written at `length`. */
export class ByteBuffer {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(initialBytes);
  length = 0;

  /** Empties it; a buffer that had grown large is given up. */
  clear(): void {
    this.length = 0;
    if (this.bytes.length > keptBytes) this.bytes = new Uint8Array(initialBytes);
  }

  room(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  byte(value: number): void {
    this.room(1);
    this.bytes[this.length++] = value;
  }

  /** Appends text of one byte per character. */
  text(text: string): void {
    this.room(text.length);
    for (let at = 0; at < text.length; at++) this.bytes[this.length++] = text.charCodeAt(at);
  }

  copy(source: Uint8Array, start: number, end: number): void {
    this.room(end - start);
    copyBytes(source, start, end, this.bytes, this.length);
    this.length += end - start;
  }
}
