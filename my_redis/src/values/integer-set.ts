import type { ByteRange } from "../memory/byte-range.ts";
import { parseInt64, parseSafeInteger, writeInteger } from "../protocol/number-text.ts";

/**
 * A small set of 64-bit integers in one region of memory, bytes[start, end): one byte for the size of each integer (2,
 * 4 or 8 bytes), then the integers in ascending order, little-endian. To add, the caller enlarges the region first; to
 * remove, it writes first and shortens the region then.
 */
export const integerSetHeaderBytes = 1;

const twoTo32 = 4294967296;
/** Longest text of a 64-bit integer. */
export const maxIntegerText = 20;

/** An integer as two words, so that 64 bits fit and nothing is allocated. */
export class IntegerWords {
  /** Upper 32 bits, signed. */
  high = 0;
  /** Lower 32 bits, signed. */
  low = 0;

  /** Reads text; false when it is not the canonical form of a 64-bit integer. */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start > maxIntegerText) return false;
    const safe = parseSafeInteger(bytes, start, end);
    if (!Number.isNaN(safe)) {
      this.high = Math.floor(safe / twoTo32);
      this.low = safe | 0;
      return true;
    }
    const exact = parseInt64(bytes, start, end);
    if (exact === undefined) return false;
    this.high = Number(BigInt.asIntN(32, exact >> 32n));
    this.low = Number(BigInt.asIntN(32, exact));
    return true;
  }

  /** Bytes of the integer in a set. */
  get width(): number {
    if (this.high !== this.low >> 31) return 8;
    return this.low === (this.low << 16) >> 16 ? 2 : 4;
  }

  /** Reads the integer at this place. */
  read(bytes: Uint8Array, at: number, width: number): void {
    this.low = lowAt(bytes, at, width);
    this.high = width === 8 ? wordAt(bytes, at + 4) : this.low >> 31;
  }

  write(bytes: Uint8Array, at: number, width: number): void {
    bytes[at] = this.low;
    bytes[at + 1] = this.low >>> 8;
    if (width === 2) return;
    bytes[at + 2] = this.low >>> 16;
    bytes[at + 3] = this.low >>> 24;
    if (width === 8) for (let byte = 0; byte < 4; byte++) bytes[at + 4 + byte] = this.high >>> (byte * 8);
  }

  /** Writes the integer as text; returns where the text ends. */
  writeText(target: Uint8Array, at: number): number {
    const value = this.high * twoTo32 + (this.low >>> 0);
    if (Number.isSafeInteger(value)) return writeInteger(target, at, value);
    const text = ((BigInt(this.high) << 32n) | BigInt(this.low >>> 0)).toString();
    for (let index = 0; index < text.length; index++) target[at++] = text.charCodeAt(index);
    return at;
  }
}

const wordAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

const lowAt = (bytes: Uint8Array, at: number, width: number): number =>
  width === 2 ? (((bytes[at + 1] as number) << 24) >> 16) | (bytes[at] as number) : wordAt(bytes, at);

export const integerWidth = (bytes: Uint8Array, start: number): number => bytes[start] as number;

export const integerCount = (bytes: Uint8Array, start: number, end: number): number =>
  (end - start - integerSetHeaderBytes) / integerWidth(bytes, start);

/** Where the integer with this index starts. */
export const integerPlace = (bytes: Uint8Array, start: number, index: number): number =>
  start + integerSetHeaderBytes + index * integerWidth(bytes, start);

/**
 * Whether the integers in a range, of `width` bytes each and without the header, are in ascending order without
 * repetitions.
 */
export function areAscending(range: ByteRange, width: number): boolean {
  const { bytes, start, end } = range;
  for (let at = start + width; at < end; at += width) {
    moved.read(bytes, at, width);
    if (compareAt(bytes, at - width, width, moved) >= 0) return false;
  }
  return true;
}

/** Writes an empty set of `integerSetHeaderBytes` bytes. */
export function clearIntegers(bytes: Uint8Array, start: number): void {
  bytes[start] = 2;
}

/** The index of an integer. For a missing one: -1 minus the index that it would have. */
export function findInteger(bytes: Uint8Array, start: number, end: number, wanted: IntegerWords): number {
  const width = integerWidth(bytes, start);
  let low = 0;
  let high = integerCount(bytes, start, end);
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compareAt(bytes, start + integerSetHeaderBytes + middle * width, width, wanted);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return -1 - low;
}

function compareAt(bytes: Uint8Array, at: number, width: number, wanted: IntegerWords): number {
  const low = lowAt(bytes, at, width);
  const high = width === 8 ? wordAt(bytes, at + 4) : low >> 31;
  return high === wanted.high ? (low >>> 0) - (wanted.low >>> 0) : high - wanted.high;
}

/** Bytes of the whole set after this integer is added. The set must not have it yet. */
export function bytesWithInteger(bytes: Uint8Array, start: number, end: number, added: IntegerWords): number {
  const width = Math.max(integerWidth(bytes, start), added.width);
  return integerSetHeaderBytes + (integerCount(bytes, start, end) + 1) * width;
}

const moved = new IntegerWords();

/** Inserts an integer before the one with this index. `end` is the end before; the region has been enlarged. */
export function insertInteger(bytes: Uint8Array, start: number, end: number, index: number, added: IntegerWords): void {
  const before = integerWidth(bytes, start);
  const count = integerCount(bytes, start, end);
  const width = Math.max(before, added.width);
  const first = start + integerSetHeaderBytes;
  if (width === before) {
    bytes.copyWithin(first + (index + 1) * width, first + index * width, end);
  } else {
    // From the last to the first: no integer overwrites one that is still to be read.
    for (let from = count - 1; from >= 0; from--) {
      moved.read(bytes, first + from * before, before);
      moved.write(bytes, first + (from < index ? from : from + 1) * width, width);
    }
    bytes[start] = width;
  }
  added.write(bytes, first + index * width, width);
}

/** Removes the integer with this index. Returns the new end; the caller then shortens the region. */
export function removeInteger(bytes: Uint8Array, start: number, end: number, index: number): number {
  const at = integerPlace(bytes, start, index);
  const width = integerWidth(bytes, start);
  bytes.copyWithin(at, at + width, end);
  return end - width;
}
