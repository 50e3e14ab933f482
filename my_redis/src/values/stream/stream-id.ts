import { writeInteger } from "../../protocol/number-text.ts";

const twoTo32 = 4294967296;
const maxWord = 4294967295;
const dash = 45;
const maxIdText = 128;

/**
 * The id of a stream entry: milliseconds and a sequence number, unsigned 64 bits each, as four 32-bit words. It is
 * mutable, so that one object serves where a request would need many.
 */
export class StreamId {
  timeHigh = 0;
  timeLow = 0;
  sequenceHigh = 0;
  sequenceLow = 0;

  /** From words, signed or unsigned. */
  set(timeHigh: number, timeLow: number, sequenceHigh: number, sequenceLow: number): this {
    this.timeHigh = timeHigh >>> 0;
    this.timeLow = timeLow >>> 0;
    this.sequenceHigh = sequenceHigh >>> 0;
    this.sequenceLow = sequenceLow >>> 0;
    return this;
  }

  copy(other: StreamId): this {
    this.timeHigh = other.timeHigh;
    this.timeLow = other.timeLow;
    this.sequenceHigh = other.sequenceHigh;
    this.sequenceLow = other.sequenceLow;
    return this;
  }

  /** Sets the id to 0-0. */
  setLowest(): this {
    return this.set(0, 0, 0, 0);
  }

  setHighest(): this {
    return this.set(maxWord, maxWord, maxWord, maxWord);
  }

  /** Sets the milliseconds to a safe integer, and the sequence number to 0. */
  setTime(timeMs: number): this {
    return this.set(Math.floor(timeMs / twoTo32), timeMs, 0, 0);
  }

  get isZero(): boolean {
    return (this.timeHigh | this.timeLow | this.sequenceHigh | this.sequenceLow) === 0;
  }

  /** Negative when this id is lower, positive when the other one is. */
  compare(other: StreamId): number {
    return (
      this.timeHigh - other.timeHigh ||
      this.timeLow - other.timeLow ||
      this.sequenceHigh - other.sequenceHigh ||
      this.sequenceLow - other.sequenceLow
    );
  }

  /** Goes to the next id; false, without a change, for the highest. */
  increment(): boolean {
    if (this.sequenceLow < maxWord) {
      this.sequenceLow++;
      return true;
    }
    if (this.sequenceHigh < maxWord) return this.#setSequence(this.sequenceHigh + 1, 0);
    if (this.timeLow < maxWord) this.timeLow++;
    else if (this.timeHigh < maxWord) {
      this.timeHigh++;
      this.timeLow = 0;
    } else return false;
    return this.#setSequence(0, 0);
  }

  /** Goes to the previous id; false, without a change, for the lowest. */
  decrement(): boolean {
    if (this.sequenceLow > 0) {
      this.sequenceLow--;
      return true;
    }
    if (this.sequenceHigh > 0) return this.#setSequence(this.sequenceHigh - 1, maxWord);
    if (this.timeLow > 0) this.timeLow--;
    else if (this.timeHigh > 0) {
      this.timeHigh--;
      this.timeLow = maxWord;
    } else return false;
    return this.#setSequence(maxWord, maxWord);
  }

  #setSequence(high: number, low: number): true {
    this.sequenceHigh = high;
    this.sequenceLow = low;
    return true;
  }

  /** Writes "ms-seq" at `at`, at most `maxIdBytes` bytes; returns where the text ends. */
  write(target: Uint8Array, at: number): number {
    if (this.timeLow !== printedLow || this.timeHigh !== printedHigh) {
      printedHigh = this.timeHigh;
      printedLow = this.timeLow;
      printedEnd = writeWords(printedTime, 0, printedHigh, printedLow);
      printedTime[printedEnd++] = dash;
    }
    for (let place = 0; place < printedEnd; place++) target[at++] = printedTime[place] as number;
    return writeWords(target, at, this.sequenceHigh, this.sequenceLow);
  }

  toString(): string {
    return Buffer.from(idText.buffer, 0, this.write(idText, 0)).toString("latin1");
  }
}

/** Longest text of an id. */
export const maxIdBytes = 41;
const idText = new Uint8Array(maxIdBytes);

// The text of the milliseconds that were printed last: consecutive ids often have the same.
const printedTime = new Uint8Array(maxIdBytes);
let printedHigh = -1;
let printedLow = -1;
let printedEnd = 0;

function writeWords(target: Uint8Array, at: number, high: number, low: number): number {
  if (high < 0x200000) return writeInteger(target, at, high * twoTo32 + low);
  const text = ((BigInt(high) << 32n) | BigInt(low)).toString();
  for (let index = 0; index < text.length; index++) target[at++] = text.charCodeAt(index);
  return at;
}

// The words of the number that `parseUnsigned` read.
let numberHigh = 0;
let numberLow = 0;

/**
 * Reads an unsigned 64-bit number into `numberHigh` and `numberLow`. Redis uses C's strtoull, so that it accepts blanks
 * and a plus before the digits, and also a minus before a number with leading zeros, which is then subtracted from
 * 2^64. Clients can only rely on plain digits.
 */
function parseUnsigned(bytes: Uint8Array, start: number, end: number): boolean {
  let value = 0;
  if (end - start > 15) return parseLooseUnsigned(bytes, start, end);
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] as number) - 48;
    if (digit < 0 || digit > 9) return parseLooseUnsigned(bytes, start, end);
    value = value * 10 + digit;
  }
  numberHigh = Math.floor(value / twoTo32);
  numberLow = value >>> 0;
  return end > start;
}

function parseLooseUnsigned(bytes: Uint8Array, start: number, end: number): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
  const [, sign, digits] = /^[ \t-\r]*([+-]?)(\d+)$/.exec(text) ?? [];
  if (digits === undefined || /^-[1-9]\d*$/.test(text)) return false;
  const magnitude = BigInt(digits);
  if (magnitude >= 1n << 64n) return false;
  const value = BigInt.asUintN(64, sign === "-" ? -magnitude : magnitude);
  numberHigh = Number(value >> 32n);
  numberLow = Number(value & 0xffffffffn);
  return true;
}

/** The value of a missing sequence number. */
export type MissingSequence = "lowest" | "highest";

/** Reads "ms" or "ms-seq" from bytes[start, end); false for other text. */
export function parseStreamId(
  bytes: Uint8Array,
  start: number,
  end: number,
  id: StreamId,
  missing: MissingSequence,
): boolean {
  const split = indexOfDash(bytes, start, end);
  if (end - start > maxIdText - 1 || !parseUnsigned(bytes, start, split)) return false;
  id.timeHigh = numberHigh;
  id.timeLow = numberLow;
  if (split === end) {
    numberHigh = numberLow = missing === "lowest" ? 0 : maxWord;
  } else if (!parseUnsigned(bytes, split + 1, end)) {
    return false;
  }
  id.sequenceHigh = numberHigh;
  id.sequenceLow = numberLow;
  return true;
}

function indexOfDash(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== dash) at++;
  return at;
}

/** Reads the "ms" of "ms-*"; false for text of another form. The sequence number does not change. */
export function parseTimeWithStar(bytes: Uint8Array, start: number, end: number, id: StreamId): boolean {
  if (end - start < 3 || end - start > maxIdText - 1) return false;
  if (bytes[end - 1] !== 42 || bytes[end - 2] !== dash || indexOfDash(bytes, start, end) !== end - 2) return false;
  if (!parseUnsigned(bytes, start, end - 2)) return false;
  id.timeHigh = numberHigh;
  id.timeLow = numberLow;
  return true;
}
