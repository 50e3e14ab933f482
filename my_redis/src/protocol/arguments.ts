import type { ByteRange } from "../memory/byte-range.ts";
import { CommandError, errors } from "./command-error.ts";
import { parseInt64, parseSafeInteger } from "./number-text.ts";

const utf8 = new TextDecoder();

/**
 * The arguments of one request, as byte ranges of the buffer that it arrived in: nothing is copied or decoded until
 * a command asks. Argument 0 is the command's name. Valid until the command returns; `copy` keeps one for longer.
 */
export class Arguments {
  buffer: Uint8Array = new Uint8Array(0);
  /** Where each argument starts and ends in `buffer`. */
  starts = new Int32Array(16);
  ends = new Int32Array(16);
  count = 0;
  /** The whole request as RESP in `buffer`, or an empty range when it did not come as RESP (an inline command). */
  requestStart = 0;
  requestEnd = 0;

  /** An arguments object of its own from values. */
  static from(values: readonly (Uint8Array | string)[]): Arguments {
    const result = new Arguments();
    const parts = values.map((value) => (typeof value === "string" ? new TextEncoder().encode(value) : value));
    result.buffer = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
    let at = 0;
    for (const part of parts) {
      result.buffer.set(part, at);
      result.push(at, at + part.length);
      at += part.length;
    }
    return result;
  }

  reset(buffer: Uint8Array): void {
    this.buffer = buffer;
    this.count = 0;
    this.requestStart = 0;
    this.requestEnd = 0;
  }

  push(start: number, end: number): void {
    if (this.count === this.starts.length) this.#grow();
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.count++;
  }

  #grow(): void {
    const starts = new Int32Array(this.starts.length * 2);
    const ends = new Int32Array(this.ends.length * 2);
    starts.set(this.starts);
    ends.set(this.ends);
    this.starts = starts;
    this.ends = ends;
  }

  start(index: number): number {
    return this.starts[index] as number;
  }

  end(index: number): number {
    return this.ends[index] as number;
  }

  length(index: number): number {
    return (this.ends[index] as number) - (this.starts[index] as number);
  }

  /** Where the argument's bytes are in the request buffer. */
  range(index: number): ByteRange {
    return { bytes: this.buffer, start: this.start(index), end: this.end(index) };
  }

  /** The argument's bytes, as a view of the request buffer. */
  view(index: number): Uint8Array {
    return this.buffer.subarray(this.starts[index], this.ends[index]);
  }

  /** A copy of the argument's bytes. */
  bytes(index: number): Uint8Array {
    return new Uint8Array(this.view(index));
  }

  /** The argument as text, UTF-8. */
  text(index: number): string {
    return utf8.decode(this.view(index));
  }

  /** The argument as text with one character per byte: binary safe, good as a map key. */
  latin1(index: number): string {
    return latin1Text(this.buffer, this.starts[index] as number, this.ends[index] as number);
  }

  /** Whether the argument is this word, in any case. `word` must be lower-case ASCII. */
  is(index: number, word: string): boolean {
    const start = this.starts[index] as number;
    if (this.length(index) !== word.length) return false;
    for (let at = 0; at < word.length; at++) {
      let byte = this.buffer[start + at] as number;
      if (byte >= 65 && byte <= 90) byte |= 32;
      if (byte !== word.charCodeAt(at)) return false;
    }
    return true;
  }

  /** The argument as an integer of 64 bits; beyond 2^53 it is rounded. Throws when it is none. */
  integer(index: number, message: string = errors.notInteger): number {
    const start = this.starts[index] as number;
    const end = this.ends[index] as number;
    const value = parseSafeInteger(this.buffer, start, end);
    if (!Number.isNaN(value)) return value;
    const exact = parseInt64(this.buffer, start, end);
    if (exact === undefined) throw new CommandError(message);
    return Number(exact);
  }

  /** The argument as an exact 64-bit integer. Throws when it is none. */
  int64(index: number, message: string = errors.notInteger): bigint {
    const value = parseInt64(this.buffer, this.starts[index] as number, this.ends[index] as number);
    if (value === undefined) throw new CommandError(message);
    return value;
  }

  /** A copy that stays valid. */
  copy(): Arguments {
    const result = new Arguments();
    const first = this.requestEnd > this.requestStart ? this.requestStart : this.start(0);
    const last = this.requestEnd > this.requestStart ? this.requestEnd : this.end(this.count - 1);
    // Not `slice`: a chunk from the network is a Buffer, whose slice is a view that keeps the whole chunk alive.
    result.buffer = new Uint8Array(this.buffer.subarray(first, last));
    result.starts = this.starts.slice(0, Math.max(this.count, 1));
    result.ends = this.ends.slice(0, Math.max(this.count, 1));
    for (let index = 0; index < this.count; index++) {
      result.starts[index] = this.start(index) - first;
      result.ends[index] = this.end(index) - first;
    }
    result.count = this.count;
    result.requestStart = 0;
    result.requestEnd = this.requestEnd > this.requestStart ? last - first : 0;
    return result;
  }
}

/** bytes[start, end) as a string of one character per byte. */
export function latin1Text(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > 64) return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at] as number);
  return text;
}
