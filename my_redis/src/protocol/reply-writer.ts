import { ByteBuffer } from "../memory/byte-buffer.ts";
import { copyBytes } from "../memory/copy-bytes.ts";
import { integerLength, writeInteger } from "./number-text.ts";

const encoder = new TextEncoder();
const encode = (text: string): Uint8Array => encoder.encode(text);

const replies = {
  ok: encode("+OK\r\n"),
  pong: encode("+PONG\r\n"),
  queued: encode("+QUEUED\r\n"),
  nullBulk: encode("$-1\r\n"),
  nullArray: encode("*-1\r\n"),
  null3: encode("_\r\n"),
  true3: encode("#t\r\n"),
  false3: encode("#f\r\n"),
};

const sign = {
  simple: 43,
  error: 45,
  integer: 58,
  bulk: 36,
  array: 42,
  map: 37,
  set: 126,
  push: 62,
  double: 44,
  bigNumber: 40,
  attribute: 124,
};
const initialBytes = 64 * 1024;
/** Above this a buffer is given up after use. What turns of long replies take must be less, or each would grow its own. */
const keptBytes = 4 * 1024 * 1024;

/**
 * Encodes replies as RESP2 or RESP3 into one growing buffer. The methods name what is answered; where RESP2 has no
 * such type, the form that Redis falls back to is written.
 */
export class ReplyWriter extends ByteBuffer {
  /** The protocol of the client that is being answered. */
  protocol: 2 | 3 = 2;

  constructor() {
    super({ initialBytes, keptBytes });
  }

  ok(): void {
    this.raw(replies.ok);
  }

  pong(): void {
    this.raw(replies.pong);
  }

  queued(): void {
    this.raw(replies.queued);
  }

  /** A status line; the text must have no line break. */
  simple(text: string): void {
    this.#line(sign.simple, text);
  }

  /** An error line, with its code first: "ERR syntax error". Line breaks become spaces, as in Redis. */
  error(message: string): void {
    this.#line(sign.error, message.replaceAll(/[\r\n]/g, " "));
  }

  integer(value: number): void {
    this.ensure(24);
    const buffer = this.bytes;
    let at = this.length;
    buffer[at++] = sign.integer;
    at = writeInteger(buffer, at, value);
    buffer[at++] = 13;
    buffer[at++] = 10;
    this.length = at;
  }

  int64(value: bigint): void {
    this.#line(sign.integer, value.toString());
  }

  /** A bulk string from bytes[start, end). */
  bulk(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const length = end - start;
    this.ensure(length + 24);
    const buffer = this.bytes;
    let at = this.length;
    buffer[at++] = sign.bulk;
    at = writeInteger(buffer, at, length);
    buffer[at++] = 13;
    buffer[at++] = 10;
    copyBytes(bytes, start, end, buffer, at);
    at += length;
    buffer[at++] = 13;
    buffer[at++] = 10;
    this.length = at;
  }

  /** A bulk string from text, as UTF-8. */
  bulkText(text: string): void {
    this.bulk(encode(text));
  }

  /** A bulk string from text of one character per byte. */
  bulkLatin1(text: string): void {
    this.bulk(Buffer.from(text, "latin1"));
  }

  /** A safe integer as a bulk string. */
  bulkInteger(value: number): void {
    this.ensure(48);
    const buffer = this.bytes;
    let at = this.length;
    buffer[at++] = sign.bulk;
    at = writeInteger(buffer, at, integerLength(value));
    buffer[at++] = 13;
    buffer[at++] = 10;
    at = writeInteger(buffer, at, value);
    buffer[at++] = 13;
    buffer[at++] = 10;
    this.length = at;
  }

  null(): void {
    this.raw(this.protocol === 3 ? replies.null3 : replies.nullBulk);
  }

  nullArray(): void {
    this.raw(this.protocol === 3 ? replies.null3 : replies.nullArray);
  }

  array(count: number): void {
    this.#header(sign.array, count);
  }

  /** A map of `count` pairs: twice as many array elements in RESP2. */
  map(count: number): void {
    if (this.protocol === 3) this.#header(sign.map, count);
    else this.#header(sign.array, count * 2);
  }

  set(count: number): void {
    this.#header(this.protocol === 3 ? sign.set : sign.array, count);
  }

  push(count: number): void {
    this.#header(this.protocol === 3 ? sign.push : sign.array, count);
  }

  /** A number of any size, given as its digits. */
  bigNumber(digits: string): void {
    if (this.protocol === 3) this.#line(sign.bigNumber, digits);
    else this.bulkText(digits);
  }

  /** Facts about the reply that follows, as `count` pairs. Only for clients of RESP3. */
  attribute(count: number): void {
    this.#header(sign.attribute, count);
  }

  /** A double given as Redis's text of it. */
  double(text: string): void {
    if (this.protocol === 3) this.#line(sign.double, text);
    else this.bulkText(text);
  }

  boolean(value: boolean): void {
    if (this.protocol === 3) this.raw(value ? replies.true3 : replies.false3);
    else this.integer(value ? 1 : 0);
  }

  /** Text with its format ("txt" or "mkd"). */
  verbatim(format: "txt" | "mkd", text: string): void {
    if (this.protocol !== 3) {
      this.bulkText(text);
      return;
    }
    const bytes = encode(`${format}:${text}`);
    this.#line(61, String(bytes.length));
    this.raw(bytes);
    this.raw(replies.ok, 3, 5);
  }

  /** An array whose length is known only after its elements: call at its start, give the result to `endArray`. */
  beginArray(): number {
    return this.length;
  }

  /** Puts the header of an array of `count` elements before what was written since `begin`. */
  endArray(begin: number, count: number, kind: "array" | "set" | "map" = "array"): void {
    const body = this.length - begin;
    const before = this.length;
    if (kind === "array") this.array(count);
    else if (kind === "set") this.set(count);
    else this.map(count);
    const header = this.bytes.slice(before, this.length);
    this.bytes.copyWithin(begin + header.length, begin, begin + body);
    this.bytes.set(header, begin);
  }

  #header(type: number, count: number): void {
    this.ensure(24);
    const buffer = this.bytes;
    let at = this.length;
    buffer[at++] = type;
    at = writeInteger(buffer, at, count);
    buffer[at++] = 13;
    buffer[at++] = 10;
    this.length = at;
  }

  /** A line of text with one byte per character, so that a client's own bytes come back in an error as they were. */
  #line(type: number, text: string): void {
    this.ensure(text.length + 3);
    const buffer = this.bytes;
    let at = this.length;
    buffer[at++] = type;
    for (let index = 0; index < text.length; index++) buffer[at++] = text.charCodeAt(index);
    buffer[at++] = 13;
    buffer[at++] = 10;
    this.length = at;
  }
}
