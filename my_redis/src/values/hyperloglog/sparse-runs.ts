import { registerCount } from "./dense-registers.ts";

/**
 * The sparse form of the registers: runs of equal ones.
 *
 *   00llllll            l+1 registers of 0
 *   01llllll llllllll   l+1 registers of 0
 *   1vvvvvll            l+1 registers of v+1
 */
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

/**
 * How many registers the run at this place covers. The runs end at `end`. As in redis-server, where a zero byte follows
 * each string, the second byte of a long run counts as 0 when it is missing.
 */
export function runLength(bytes: Uint8Array, at: number, end: number): number {
  const byte = bytes[at] as number;
  if (isValue(byte)) return (byte & 3) + 1;
  if (!isLongZeros(byte)) return (byte & 63) + 1;
  return (((byte & 63) << 8) | (at + 1 < end ? (bytes[at + 1] as number) : 0)) + 1;
}

/** Visits the registers that are not 0, in order; false when the runs do not cover exactly all registers. */
export function forEachRegister(
  bytes: Uint8Array,
  start: number,
  end: number,
  visit: (index: number, value: number) => void,
): boolean {
  let first = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (isValue(byte)) {
      const next = first + (byte & 3) + 1;
      if (next > registerCount) return false;
      for (const value = ((byte >>> 2) & 31) + 1; first < next; first++) visit(first, value);
    } else if (byte < 0x40) {
      first += byte + 1;
    } else {
      // As in Redis, a second byte that is missing counts as 0.
      at++;
      first += (((byte & 63) << 8) | (at < end ? (bytes[at] as number) : 0)) + 1;
    }
  }
  return first === registerCount;
}

/** At most two runs of two bytes, and one byte between them. */
const parts = new Uint8Array(5);

/** The runs in bytes[start, end), which are changed in place. There must be room for three more bytes. */
export class SparseRuns {
  bytes: Uint8Array = parts;
  end = 0;
  #start = 0;
  // The run before the one that was changed last, and its first register. Searching goes on from here when registers
  // are raised in their order.
  #before = 0;
  #beforeFirst = 0;
  /** The first register of the run that was found last. */
  #first = 0;

  /** Begins with the runs in bytes[start, end). */
  open(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.#start = start;
    this.end = end;
    this.#before = start;
    this.#beforeFirst = 0;
  }

  /**
   * Raises a register to `value`, at most `maxSparseValue`. "full": the runs would exceed `limit`; nothing has changed.
   * "corrupt": no run covers the register.
   */
  raise(index: number, value: number, limit: number): "raised" | "same" | "full" | "corrupt" {
    const at = this.#find(index);
    if (at < 0) return "corrupt";
    const { bytes } = this;
    const had = runValue(bytes[at] as number);
    if (had >= value) return "same";
    const first = this.#first;
    const length = runLength(bytes, at, this.end);
    const isWhole = length === 1 && !isLongZeros(bytes[at] as number);
    if (isWhole) bytes[at] = valueByte(value, 1);
    else if (!this.#split(at, index - first, length, value, limit)) return "full";
    this.#join(this.#before);
    return "raised";
  }

  /** The value of a register; -1 when no run covers it. */
  valueOf(index: number): number {
    const at = this.#find(index);
    return at < 0 ? -1 : runValue(this.bytes[at] as number);
  }

  /** Finds the run of a register, and sets `#first` to the run's first register. -1: no run covers the register. */
  #find(index: number): number {
    const { bytes, end } = this;
    let at = this.#before;
    let first = this.#beforeFirst;
    // The run of the register must come after that run: otherwise the run before it would not be known.
    if (at >= end || index < first + runLength(bytes, at, end)) {
      at = this.#start;
      first = 0;
    }
    let before = at;
    let beforeFirst = first;
    while (at < end) {
      const byte = bytes[at] as number;
      let next = at + 1;
      let after = first + 1;
      if (byte >= 0x80) after += byte & 3;
      else if (byte < 0x40) after += byte;
      else {
        after += ((byte & 63) << 8) | (next < end ? (bytes[next] as number) : 0);
        next++;
      }
      if (index < after) {
        this.#before = before;
        this.#beforeFirst = beforeFirst;
        this.#first = first;
        return at;
      }
      before = at;
      beforeFirst = first;
      first = after;
      at = next;
    }
    return -1;
  }

  /**
   * Divides the run at `at` into up to three; the middle one is the register at `offset`. False when the limit would be
   * exceeded.
   */
  #split(at: number, offset: number, length: number, value: number, limit: number): boolean {
    const { bytes } = this;
    const had = runValue(bytes[at] as number);
    const oldBytes = runBytes(bytes[at] as number);
    let size = writeRun(parts, 0, had, offset);
    parts[size++] = valueByte(value, 1);
    size = writeRun(parts, size, had, length - offset - 1);
    const growth = size - oldBytes;
    if (growth > 0 && this.end + growth > limit) return false;
    bytes.copyWithin(at + size, at + oldBytes, this.end);
    for (let part = 0; part < size; part++) bytes[at + part] = parts[part] as number;
    this.end += growth;
    return true;
  }

  /** Joins adjacent runs of the same value, among some runs after `from`. */
  #join(from: number): void {
    const { bytes } = this;
    let at = from;
    for (let left = joinedRuns; left > 0 && at < this.end; left--) {
      const byte = bytes[at] as number;
      const next = bytes[at + 1] as number;
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

/** Writes a run, nothing for no registers; returns the place after it. */
function writeRun(bytes: Uint8Array, at: number, value: number, length: number): number {
  if (length === 0) return at;
  if (value > 0) {
    bytes[at] = valueByte(value, length);
    return at + 1;
  }
  if (length <= maxShortZeros) {
    bytes[at] = length - 1;
    return at + 1;
  }
  bytes[at] = 0x40 | ((length - 1) >>> 8);
  bytes[at + 1] = (length - 1) & 255;
  return at + 2;
}
