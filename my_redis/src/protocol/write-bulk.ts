import type { ByteBuffer } from "../memory/byte-buffer.ts";
import { writeInteger } from "./number-text.ts";

const lineEnd = new Uint8Array([13, 10]);
const star = 42;
const dollar = 36;

/** Writes the line before an array of so many elements. */
export const writeArrayHeader = (buffer: ByteBuffer, count: number): void => writeLine(buffer, star, count);

/** Writes bytes[start, end) as a bulk string. */
export function writeBulk(buffer: ByteBuffer, bytes: Uint8Array, start = 0, end: number = bytes.length): void {
  writeLine(buffer, dollar, end - start);
  buffer.raw(bytes, start, end);
  buffer.raw(lineEnd);
}

/** Writes text of one byte per character as a bulk string. */
export function writeBulkText(buffer: ByteBuffer, text: string): void {
  writeLine(buffer, dollar, text.length);
  buffer.latin1(text);
  buffer.raw(lineEnd);
}

/** The line is written in place: an array for each word would be much garbage. */
function writeLine(buffer: ByteBuffer, sign: number, count: number): void {
  buffer.ensure(24);
  buffer.bytes[buffer.length] = sign;
  buffer.length = writeInteger(buffer.bytes, buffer.length + 1, count);
  buffer.raw(lineEnd);
}
