import type { ByteRange } from "../memory/byte-range.ts";
import { latin1Text } from "../protocol/arguments.ts";
import { parseInt64, parseSafeInteger, writeInteger } from "../protocol/number-text.ts";
import { copyBytes } from "../memory/copy-bytes.ts";

/**
 * One element of a packed list: a byte string of any content, laid out as in Redis's published listpack format, so
 * that dump files can take the bytes as they are. Text that is the canonical form of a 64-bit integer is held as the
 * integer, always in the shortest form, so that equal elements have equal bytes.
 *
 *   0xxxxxxx                 integer 0 to 127
 *   10xxxxxx                 string of up to 63 bytes, which follow
 *   110xxxxx x               integer of 13 bits, signed
 *   1110xxxx x               string of up to 4095 bytes
 *   11110000 llll            string, length in four bytes, little-endian
 *   11110001 ... 11110100    integer of 16, 24, 32, 64 bits, little-endian
 *   then                     the bytes so far, counted in 7-bit groups, to be read backwards
 */
const twoTo32 = 4294967296;
const tagInteger13 = 0xc0;
const tagString12 = 0xe0;
const tagString32 = 0xf0;
const tagInteger16 = 0xf1;
const tagInteger24 = 0xf2;
const tagInteger32 = 0xf3;
const tagInteger64 = 0xf4;

/** Longest text of a 64-bit integer. */
const maxIntegerText = 20;

/** The whole size of an element by its first byte; 0 where further bytes contain the length. */
const sizes = new Uint8Array(256);
for (let tag = 0; tag < 256; tag++) {
  if (tag < 0x80) sizes[tag] = 2;
  else if (tag < 0xc0) sizes[tag] = 2 + (tag & 63);
  else if (tag < 0xe0) sizes[tag] = 3;
}
sizes[tagInteger16] = 4;
sizes[tagInteger24] = 5;
sizes[tagInteger32] = 6;
sizes[tagInteger64] = 10;

/** Bytes of the length at the end of an element that has `size` bytes before it. */
export const backLengthBytes = (size: number): number =>
  size < 128 ? 1 : size < 16384 ? 2 : size < 2097152 ? 3 : size < 268435456 ? 4 : 5;

/** Bytes of a string before its content. */
const stringHeaderBytes = (length: number): number => (length < 64 ? 1 : length < 4096 ? 2 : 5);

/** The whole size of the element at this place, in bytes. */
export function elementSize(bytes: Uint8Array, at: number): number {
  const size = sizes[bytes[at] as number] as number;
  return size !== 0 ? size : longStringSize(bytes, at);
}

function longStringSize(bytes: Uint8Array, at: number): number {
  const length = stringLength(bytes, at);
  const size = length + ((bytes[at] as number) === tagString32 ? 5 : 2);
  return size + backLengthBytes(size);
}

/** The length of the string at this place. The element must be a string. */
function stringLength(bytes: Uint8Array, at: number): number {
  const tag = bytes[at] as number;
  if (tag < tagInteger13) return tag & 63;
  if (tag !== tagString32) return ((tag & 15) << 8) | (bytes[at + 1] as number);
  return word(bytes, at + 1) >>> 0;
}

/** Where the element before this place starts. There must be one. */
export function previousElement(bytes: Uint8Array, at: number): number {
  let place = at - 1;
  let byte = bytes[place] as number;
  let size = byte & 127;
  for (let factor = 128; byte >= 128; factor *= 128) {
    byte = bytes[--place] as number;
    size += (byte & 127) * factor;
  }
  return place - size;
}

/** Whether the element holds an integer. */
export function isInteger(bytes: Uint8Array, at: number): boolean {
  const tag = bytes[at] as number;
  return tag < 0x80 || (tag >= tagInteger13 && tag < tagString12) || tag > tagString32;
}

/**
 * The element's integer; NaN for a string, and for integers beyond 2^53, for which there are `highWord` and `lowWord`.
 */
export function integerAt(bytes: Uint8Array, at: number): number {
  const tag = bytes[at] as number;
  if (tag < 0x80) return tag;
  if (!isInteger(bytes, at)) return Number.NaN;
  if (tag !== tagInteger64) return lowWord(bytes, at);
  const value = word(bytes, at + 5) * twoTo32 + (word(bytes, at + 1) >>> 0);
  return Number.isSafeInteger(value) ? value : Number.NaN;
}

/** The lower 32 bits of the element's integer, signed. */
export function lowWord(bytes: Uint8Array, at: number): number {
  const tag = bytes[at] as number;
  if (tag < 0x80) return tag;
  if (tag < tagString12) return (((tag & 31) << 27) >> 19) | (bytes[at + 1] as number);
  if (tag === tagInteger16) return (((bytes[at + 2] as number) << 24) >> 16) | (bytes[at + 1] as number);
  if (tag !== tagInteger24) return word(bytes, at + 1);
  return (((bytes[at + 3] as number) << 24) >> 8) | ((bytes[at + 2] as number) << 8) | (bytes[at + 1] as number);
}

/** The upper 32 bits of the element's integer, signed. */
export const highWord = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) === tagInteger64 ? word(bytes, at + 5) : lowWord(bytes, at) >> 31;

const word = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

/** Reads elements as text. One object reads any number of elements, one after the other. */
export class ElementText implements ByteRange {
  /**
   * The text of the last element is bytes[start, end). It is valid until the list changes or another element is read.
   */
  bytes: Uint8Array;
  start = 0;
  end = 0;
  readonly #digits = new Uint8Array(maxIntegerText);

  constructor() {
    this.bytes = this.#digits;
  }

  read(bytes: Uint8Array, at: number): this {
    const tag = bytes[at] as number;
    if (isInteger(bytes, at)) {
      this.bytes = this.#digits;
      this.start = 0;
      this.end = this.#writeDigits(bytes, at);
      return this;
    }
    this.bytes = bytes;
    this.start = at + (tag < tagInteger13 ? 1 : tag === tagString32 ? 5 : 2);
    this.end = this.start + stringLength(bytes, at);
    return this;
  }

  #writeDigits(bytes: Uint8Array, at: number): number {
    const value = integerAt(bytes, at);
    if (!Number.isNaN(value)) return writeInteger(this.#digits, 0, value);
    const exact = (BigInt(highWord(bytes, at)) << 32n) | BigInt(lowWord(bytes, at) >>> 0);
    return Buffer.from(this.#digits.buffer).write(exact.toString(), "latin1");
  }

  get length(): number {
    return this.end - this.start;
  }

  equals(other: Uint8Array, start: number, end: number): boolean {
    if (end - start !== this.end - this.start) return false;
    for (let at = 0; at < end - start; at++) {
      if (other[start + at] !== this.bytes[this.start + at]) return false;
    }
    return true;
  }

  /** The text as a string of one character per byte. */
  latin1(): string {
    return latin1Text(this.bytes, this.start, this.end);
  }
}

/**
 * Content that is about to be written as an element, or to be searched for. One object serves for any number of
 * contents, one after the other, so that a request needs no memory.
 */
export class PackedElement {
  /** The whole size of the element, in bytes. */
  size = 0;
  /** The tag with the length, or with the whole integer. */
  readonly #head = new Uint8Array(9);
  #headBytes = 0;
  #body: Uint8Array;
  #bodyStart = 0;
  #bodyEnd = 0;

  constructor() {
    this.#body = this.#head;
  }

  /** Sets the content to source[start, end), which must not change until the element is written. */
  setBytes(source: Uint8Array, start: number, end: number): this {
    const length = end - start;
    if (length <= maxIntegerText && length > 0 && this.#setIntegerText(source, start, end)) return this;
    const head = this.#head;
    if (length < 64) {
      head[0] = 0x80 | length;
    } else if (length < 4096) {
      head[0] = tagString12 | (length >>> 8);
      head[1] = length;
    } else {
      head[0] = tagString32;
      putWord(head, 1, length);
    }
    this.#headBytes = stringHeaderBytes(length);
    this.#body = source;
    this.#bodyStart = start;
    this.#bodyEnd = end;
    const size = this.#headBytes + length;
    this.size = size + backLengthBytes(size);
    return this;
  }

  #setIntegerText(source: Uint8Array, start: number, end: number): boolean {
    const first = source[start] as number;
    if (first !== 45 && (first < 48 || first > 57)) return false;
    const safe = parseSafeInteger(source, start, end);
    if (!Number.isNaN(safe)) {
      this.setInteger(safe);
      return true;
    }
    const exact = parseInt64(source, start, end);
    if (exact === undefined) return false;
    this.setWords(Number(BigInt.asIntN(32, exact >> 32n)), Number(BigInt.asIntN(32, exact)));
    return true;
  }

  /** Sets the content to a safe integer. */
  setInteger(value: number): this {
    return this.setWords(Math.floor(value / twoTo32), value | 0);
  }

  /** Sets the content to the 64-bit integer of these two words. */
  setWords(high: number, low: number): this {
    const head = this.#head;
    this.#bodyEnd = this.#bodyStart;
    if (high !== low >> 31) {
      head[0] = tagInteger64;
      putWord(head, 1, low);
      putWord(head, 5, high);
      this.#headBytes = 9;
    } else if (low >= 0 && low < 128) {
      head[0] = low;
      this.#headBytes = 1;
    } else if (low >= -4096 && low < 4096) {
      head[0] = tagInteger13 | ((low >> 8) & 31);
      head[1] = low;
      this.#headBytes = 2;
    } else {
      putWord(head, 1, low);
      if (low === (low << 16) >> 16) this.#setTag(tagInteger16, 3);
      else if (low === (low << 8) >> 8) this.#setTag(tagInteger24, 4);
      else this.#setTag(tagInteger32, 5);
    }
    this.size = this.#headBytes + 1;
    return this;
  }

  #setTag(tag: number, headBytes: number): void {
    this.#head[0] = tag;
    this.#headBytes = headBytes;
  }

  /** Writes the element; returns the place after it. */
  write(target: Uint8Array, at: number): number {
    const start = at;
    const head = this.#head;
    for (let index = 0; index < this.#headBytes; index++) target[at++] = head[index] as number;
    copyBytes(this.#body, this.#bodyStart, this.#bodyEnd, target, at);
    at += this.#bodyEnd - this.#bodyStart;
    const size = at - start;
    let place = start + this.size - 1;
    target[place] = size & 127;
    for (let rest = size >>> 7; rest > 0; rest >>>= 7) {
      target[place] = (target[place] as number) | 128;
      target[--place] = rest & 127;
    }
    return start + this.size;
  }

  /** Whether the element at this place has the same content. */
  matches(bytes: Uint8Array, at: number): boolean {
    const head = this.#head;
    for (let index = 0; index < this.#headBytes; index++) {
      if (bytes[at++] !== head[index]) return false;
    }
    const body = this.#body;
    for (let from = this.#bodyStart; from < this.#bodyEnd; from++) {
      if (bytes[at++] !== body[from]) return false;
    }
    return true;
  }
}

// The same without an object in between, for callers that write each element once. Most are short text or small
// numbers.

const spare = new PackedElement();

/** The size of source[start, end) as an element, in bytes. */
export function elementBytes(source: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length >= 48 || (source[start] as number) <= 57) return spare.setBytes(source, start, end).size;
  return length + 2;
}

/** Writes source[start, end) as an element; returns the place after it. */
export function writeElement(target: Uint8Array, at: number, source: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length >= 48 || (source[start] as number) <= 57) return spare.setBytes(source, start, end).write(target, at);
  target[at++] = 0x80 | length;
  while (start < end) target[at++] = source[start++] as number;
  target[at] = length + 1;
  return at + 1;
}

/** Writes the 64-bit integer of two words as an element; returns the place after it. */
export function writeIntegerElement(target: Uint8Array, at: number, high: number, low: number): number {
  if (high !== 0 || low < 0 || low >= 4096) return spare.setWords(high, low).write(target, at);
  if (low < 128) {
    target[at] = low;
    target[at + 1] = 1;
    return at + 2;
  }
  target[at] = tagInteger13 | (low >> 8);
  target[at + 1] = low;
  target[at + 2] = 2;
  return at + 3;
}

/** Whether the element at this place holds source[start, end). */
export function elementEquals(bytes: Uint8Array, at: number, source: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length >= 64 || (source[start] as number) <= 57) return spare.setBytes(source, start, end).matches(bytes, at);
  if (bytes[at] !== (0x80 | length)) return false;
  while (start < end) if (bytes[++at] !== source[start++]) return false;
  return true;
}

function putWord(target: Uint8Array, at: number, value: number): void {
  target[at] = value;
  target[at + 1] = value >>> 8;
  target[at + 2] = value >>> 16;
  target[at + 3] = value >>> 24;
}
