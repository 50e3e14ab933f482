/**
 * The sparse form of the registers: runs of equal ones.
 *
 *   00llllll            l+1 registers of 0
 *   01llllll llllllll   l+1 registers of 0
 *   1vvvvvll            l+1 registers of v+1
 */
export const registerCount = 16384;
export const maxSparseValue = 32;
const maxShortZeros = 64;
const maxValueRun = 4;
/** The number of runs that are compared with their neighbours after a change. */
const joinedRuns = 5;

const isValue = (byte: number): boolean => byte >= 0x80;
const isLongZeros = (byte: number): boolean => byte >= 0x40 && byte < 0x80;
const valueByte = (value: number, run: number): number => 0x80 | ((value - 1) << 2) | (run - 1);

export const runValue = (byte: number): number => (isValue(byte) ? ((byte >>> 2) & 31) + 1 : 0);
export const runBytes = (byte: number): number => (isLongZeros(byte) ? 2 : 1);

/** How many registers the run at this place covers. */
export function runLength(bytes: Uint8Array, at: number): number {
  const byte = bytes[at] as number;
  if (isValue(byte)) return (byte & 3) + 1;
  return isLongZeros(byte) ? (((byte & 63) << 8) | (bytes[at + 1] as number)) + 1 : (byte & 63) + 1;
}

/** Visits the runs; false when they do not cover exactly all registers. */
export function forEachRun(
  bytes: Uint8Array,
  start: number,
  end: number,
  visit: (first: number, length: number, value: number) => void,
): boolean {
  let first = 0;
  for (let at = start; at < end; at += runBytes(bytes[at] as number)) {
    const length = runLength(bytes, at);
    const value = runValue(bytes[at] as number);
    if (first + length > registerCount) return false;
    visit(first, length, value);
    first += length;
  }
  return first === registerCount;
}

/** The runs in bytes[start, end), which are changed in place. There must be room for three more bytes. */
export class SparseRuns {
  bytes: Uint8Array;
  readonly start: number;
  end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /**
   * Raises a register to `value`, at most `maxSparseValue`. "full": the runs would exceed `limit`; nothing has changed.
   * "corrupt": no run covers the register.
   */
  raise(index: number, value: number, limit: number): "raised" | "same" | "full" | "corrupt" {
    const { bytes } = this;
    let at = this.start;
    let before = this.start;
    let first = 0;
    let length = 0;
    for (; at < this.end; at += runBytes(bytes[at] as number)) {
      length = runLength(bytes, at);
      if (index < first + length) break;
      before = at;
      first += length;
    }
    if (at >= this.end) return "corrupt";
    const had = runValue(bytes[at] as number);
    if (had >= value) return "same";
    const isWhole = length === 1 && !isLongZeros(bytes[at] as number);
    if (isWhole) bytes[at] = valueByte(value, 1);
    else if (!this.#split(at, index - first, length, value, limit)) return "full";
    this.#join(before);
    return "raised";
  }

  /**
   * Divides the run at `at` into up to three; the middle one is the register at `offset`. False when the limit would be
   * exceeded.
   */
  #split(at: number, offset: number, length: number, value: number, limit: number): boolean {
    const { bytes } = this;
    const had = runValue(bytes[at] as number);
    const oldBytes = runBytes(bytes[at] as number);
    const parts = [...runOf(had, offset), valueByte(value, 1), ...runOf(had, length - offset - 1)];
    const growth = parts.length - oldBytes;
    if (growth > 0 && this.end + growth > limit) return false;
    bytes.copyWithin(at + parts.length, at + oldBytes, this.end);
    bytes.set(parts, at);
    this.end += growth;
    return true;
  }

  /** Joins adjacent runs of the same value, among some runs after `from`. */
  #join(from: number): void {
    const { bytes } = this;
    let at = from;
    for (let left = joinedRuns; left > 0 && at < this.end; left--) {
      const [byte, next] = [bytes[at] as number, bytes[at + 1] as number];
      const run = (byte & 3) + 1 + (next & 3) + 1;
      const joins =
        isValue(byte) && at + 1 < this.end && isValue(next) && runValue(byte) === runValue(next) && run <= maxValueRun;
      if (joins) {
        // The joined run is looked at again: it may have to be joined with the next one, too.
        bytes[at + 1] = valueByte(runValue(byte), run);
        bytes.copyWithin(at, at + 1, this.end);
        this.end--;
      } else {
        at += runBytes(byte);
      }
    }
  }
}

/** The bytes of a run; empty for no registers. */
function runOf(value: number, length: number): number[] {
  if (length === 0) return [];
  if (value > 0) return [valueByte(value, length)];
  return length > maxShortZeros ? [0x40 | ((length - 1) >>> 8), (length - 1) & 255] : [length - 1];
}
