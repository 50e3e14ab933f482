import { copyBytes } from "../../memory/copy-bytes.ts";
import type { ElementRun } from "../../values/element-run.ts";
import { backLengthBytes, ElementText, elementSize, integerAt, isInteger } from "../../values/packed-element.ts";
import { type ByteRange, wholeRange } from "../../memory/byte-range.ts";
import { RdbFormatError } from "./rdb-format-error.ts";
import { RdbReader } from "./rdb-reader.ts";

/**
 * Before the elements: the size of the whole (4 bytes) and the number of elements (2 bytes), lowest byte first; after
 * them one byte 255.
 */
const headerBytes = 6;
const endMark = 255;
/** A number of elements that the header cannot express. */
const uncounted = 65535;
const firstInvalidTag = 0xf5;
/** The length at the end of an element has at most five groups of seven bits. */
const maxLengthFactor = 128 ** 4;

/** A listpack of the packed elements bytes[start, end), `count` of them. */
export function listpackOf(bytes: Uint8Array, start: number, end: number, count: number): Uint8Array {
  const size = headerBytes + end - start + 1;
  const listpack = new Uint8Array(size);
  const view = new DataView(listpack.buffer);
  view.setUint32(0, size, true);
  view.setUint16(4, Math.min(count, uncounted), true);
  copyBytes(bytes, start, end, listpack, headerBytes);
  listpack[size - 1] = endMark;
  return listpack;
}

/**
 * Whether the elements of a listpack of unknown origin can be used without conversion. They are in `run` then.
 * Otherwise `ListpackReader` finds out what is wrong, or reads them one by one.
 */
export function checkListpack({ bytes, start, end }: ByteRange, run: ElementRun): boolean {
  const last = end - 1;
  if (end - start <= headerBytes || bytes[last] !== endMark || !run.check(bytes, start + headerBytes, last))
    return false;
  const size = littleEndian(bytes, start, 4);
  const count = littleEndian(bytes, start + 4, 2);
  return size === end - start && count === Math.min(run.count, uncounted);
}

function littleEndian(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let byte = size - 1; byte >= 0; byte--) value = value * 256 + (bytes[at + byte] as number);
  return value;
}

/** Whether the length at the end of an element, which is read backwards, is that of the element. */
function endsWithSize(bytes: Uint8Array, at: number, size: number): boolean {
  let place = at + size - 1;
  let length = 0;
  for (let factor = 1; place >= 0 && factor <= maxLengthFactor; factor *= 128, place--) {
    const byte = bytes[place] as number;
    length += (byte & 127) * factor;
    if (byte < 128) return length + backLengthBytes(length) === size;
  }
  return false;
}

/** Reads the elements of a listpack of unknown origin. Throws RdbFormatError. */
export class ListpackReader {
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;
  readonly #text = new ElementText();
  #left: number;

  constructor({ bytes, start, end }: ByteRange) {
    this.#bytes = bytes;
    this.#at = start + headerBytes;
    this.#end = end - 1;
    const header = new RdbReader({ bytes, start, end });
    if (header.left <= headerBytes || header.littleEndian(4) !== end - start || bytes[this.#end] !== endMark) {
      throw new RdbFormatError("a listpack of the wrong size");
    }
    const count = header.littleEndian(2);
    this.#left = count === uncounted ? Infinity : count;
  }

  /** The next element; undefined after the last. */
  next(): ByteRange | undefined {
    const bytes = this.#bytes;
    const at = this.#at;
    if (at === this.#end) {
      if (this.#left > 0 && this.#left !== Infinity) throw new RdbFormatError("a listpack with too few elements");
      return undefined;
    }
    const tag = bytes[at] as number;
    const size = tag >= firstInvalidTag ? Infinity : elementSize(bytes, at);
    // Written so that NaN is refused, too.
    if (!(at + size <= this.#end) || this.#left-- <= 0 || !endsWithSize(bytes, at, size)) {
      throw new RdbFormatError("a broken element of a listpack");
    }
    this.#at = at + size;
    const { bytes: from, start, end } = this.#text.read(bytes, at);
    // The text buffer with an integer's digits is overwritten by the next integer, so they are copied.
    return isInteger(bytes, at) ? wholeRange(from.slice(start, end)) : { bytes: from, start, end };
  }

  /** As `next`, where there must be one. */
  require(): ByteRange {
    const element = this.next();
    if (element === undefined) throw new RdbFormatError("a listpack ends too early");
    return element;
  }

  /** The next element, which must be a safe integer. */
  requireInteger(): number {
    const at = this.#at;
    this.require();
    const value = integerAt(this.#bytes, at);
    if (!Number.isSafeInteger(value)) throw new RdbFormatError("no integer where a listpack must have one");
    return value;
  }
}

export function readListpack(range: ByteRange, visit: (element: ByteRange) => void): void {
  const reader = new ListpackReader(range);
  for (let element = reader.next(); element !== undefined; element = reader.next()) visit(element);
}
