import { copyBytes } from "../../memory/copy-bytes.ts";
import { type FrameHeader, headerBytes, writeHeader } from "./frame.ts";

/** Takes bytes and says how many; the rest is offered again after it has drained. */
export type LinkWriter = (bytes: Uint8Array, start: number, end: number) => number;

const initialBytes = 64 * 1024;
/** A buffer that had grown beyond this is given up once it is empty. */
const keptBytes = 1024 * 1024;

/** Frames on their way to the other node: those of a turn leave in one write. */
export class LinkOutput {
  #buffer = new Uint8Array(initialBytes);
  #start = 0;
  #end = 0;

  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  append(header: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    const at = this.begin(header, end - start);
    copyBytes(bytes, start, end, this.#buffer, at);
  }

  /** Appends a frame whose payload of `length` bytes is still to be put into `buffer`, at the place that is returned. */
  begin(header: FrameHeader, length: number): number {
    this.#ensure(headerBytes + length);
    const at = this.#end;
    writeHeader(this.#buffer, at, length, header);
    this.#end = at + headerBytes + length;
    return at + headerBytes;
  }

  /** Appends frames that have their headers already. */
  appendFrames(bytes: Uint8Array, start: number, end: number): void {
    this.#ensure(end - start);
    copyBytes(bytes, start, end, this.#buffer, this.#end);
    this.#end += end - start;
  }

  get buffer(): Uint8Array<ArrayBuffer> {
    return this.#buffer;
  }

  #ensure(size: number): void {
    if (this.#end + size <= this.#buffer.length) return;
    const pending = this.pendingBytes;
    const needed = pending + size;
    const target =
      needed <= this.#buffer.length / 2 ? this.#buffer : new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    if (target === this.#buffer) target.copyWithin(0, this.#start, this.#end);
    else target.set(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = target;
    this.#start = 0;
    this.#end = pending;
  }

  /** Gives what there is to the socket. */
  flush(write: LinkWriter): void {
    if (this.#end > this.#start) this.#start += write(this.#buffer, this.#start, this.#end);
    if (this.#start < this.#end) return;
    this.clear();
  }

  /** Drops what has not been taken. */
  clear(): void {
    this.#start = 0;
    this.#end = 0;
    if (this.#buffer.length > keptBytes) this.#buffer = new Uint8Array(initialBytes);
  }
}
