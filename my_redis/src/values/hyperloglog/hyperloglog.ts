import { ByteBuffer } from "../../memory/byte-buffer.ts";
import { withCapacity } from "../../memory/copy-bytes.ts";
import { cardinality } from "./cardinality.ts";
import { hashHigh, hashLow, murmurHash } from "./murmur-hash.ts";
import { forEachRun, maxSparseValue, registerCount, SparseRuns } from "./sparse-runs.ts";

/**
 * A HyperLogLog: 16384 registers of 6 bits, each of which keeps the longest run of zeros seen in hashes of elements.
 * It is held in a string of the form that Redis gives it, so that GET and SET carry it anywhere:
 *
 *   4 bytes   "HYLL"
 *   1 byte    form: 0 dense, 1 sparse (see sparse-runs.ts)
 *   3 bytes   unused
 *   8 bytes   cardinality when last counted, little-endian; the highest bit is set when registers changed since
 *   then      the registers: dense 6 bits each, from the lowest bit of each byte up
 */
const headerBytes = 16;
const denseBytes = headerBytes + (registerCount * 6) / 8;
const [dense, sparse] = [0, 1];
const formAt = 4;
const countAt = 8;
const staleBit = 0x80;
const hashSeed = 0xadc83b19 | 0;
const magic = [72, 89, 76, 76];
/** The change of one sparse register takes at most this many bytes. */
const sparseGrowth = 3;
/** Spare room, so that a few changes need no larger array. */
const spareBytes = 64;

/** The registers are invalid. */
export class CorruptHyperLogLogError extends Error {
  constructor() {
    super("the registers of the HyperLogLog are corrupt");
  }
}

/** Whether bytes[start, end) may be a HyperLogLog. */
export function isHyperLogLog(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < headerBytes || magic.some((byte, at) => bytes[start + at] !== byte)) return false;
  const form = bytes[start + formAt] as number;
  return form === sparse || (form === dense && end - start === denseBytes);
}

/** A HyperLogLog that is being changed, in memory of its own. */
export class HyperLogLog extends ByteBuffer {
  private constructor(bytes: number) {
    super({ initialBytes: bytes + spareBytes });
  }

  /** A HyperLogLog without elements. */
  static empty(): HyperLogLog {
    const value = new HyperLogLog(headerBytes);
    value.raw(Uint8Array.from([...magic, sparse]));
    value.length = headerBytes;
    // One run of zeros.
    value.raw(Uint8Array.from([0x7f, 0xff]));
    return value;
  }

  /** A copy of source[start, end), which must be a HyperLogLog. */
  static from(source: Uint8Array, start: number, end: number): HyperLogLog {
    const value = new HyperLogLog(end - start);
    value.raw(source, start, end);
    return value;
  }

  get isSparse(): boolean {
    return this.bytes[formAt] === sparse;
  }

  /** Adds an element; false when no register changed. A sparse form longer than `maxSparseBytes` becomes dense. */
  add(element: Uint8Array, start: number, end: number, maxSparseBytes: number): boolean {
    murmurHash(element, start, end, hashSeed);
    // 14 bits choose the register. In the other 50, the zeros at the end are counted, and one is added.
    const low = (hashLow >>> 14) | (hashHigh << 18);
    const high = (hashHigh >>> 14) | (1 << 18);
    const value = low !== 0 ? trailingZeros(low) + 1 : trailingZeros(high) + 33;
    return this.raise(hashLow & (registerCount - 1), value, maxSparseBytes);
  }

  /** Raises a register to a value; false when the register has at least that value. */
  raise(index: number, value: number, maxSparseBytes: number): boolean {
    if (!this.isSparse) return this.#raiseDense(index, value);
    if (value <= maxSparseValue) {
      this.ensure(sparseGrowth);
      const runs = new SparseRuns(this.bytes, headerBytes, this.length);
      const result = runs.raise(index, value, maxSparseBytes);
      this.length = runs.end;
      if (result === "corrupt") throw new CorruptHyperLogLogError();
      if (result === "same") return false;
      if (result === "raised") return true;
    }
    this.makeDense();
    return this.#raiseDense(index, value);
  }

  #raiseDense(index: number, value: number): boolean {
    if (denseRegister(this.bytes, index) >= value) return false;
    setDenseRegister(this.bytes, index, value);
    return true;
  }

  /** Changes to the dense form. */
  makeDense(): void {
    if (!this.isSparse) return;
    const bytes = withCapacity(denseBytes, this.bytes, 0, headerBytes);
    bytes[formAt] = dense;
    this.#forEachRun((first, length, value) => {
      for (let index = first; value > 0 && index < first + length; index++) setDenseRegister(bytes, index, value);
    });
    this.bytes = bytes;
    this.length = denseBytes;
  }

  #forEachRun(visit: (first: number, length: number, value: number) => void): void {
    if (!forEachRun(this.bytes, headerBytes, this.length, visit)) throw new CorruptHyperLogLogError();
  }

  /** The runs of the sparse form, as PFDEBUG DECODE shows them. */
  describeRuns(): string[] {
    const runs: string[] = [];
    this.#forEachRun((_first, length, value) => {
      if (value > 0) runs.push(`v:${value},${length}`);
      else runs.push(`${length > 64 ? "Z" : "z"}:${length}`);
    });
    return runs;
  }

  /** Raises each of `registers` to its value here, if that is higher. */
  mergeInto(registers: Uint8Array): void {
    const raise = (index: number, value: number): void => {
      if (value > (registers[index] as number)) registers[index] = value;
    };
    if (this.isSparse) {
      this.#forEachRun((first, length, value) => {
        for (let index = first; index < first + length; index++) raise(index, value);
      });
    } else {
      for (let index = 0; index < registerCount; index++) raise(index, denseRegister(this.bytes, index));
    }
  }

  /** The cardinality when it was last counted; undefined when registers have changed since. */
  get knownCount(): number | undefined {
    if (((this.bytes[countAt + 7] as number) & staleBit) !== 0) return undefined;
    let count = 0;
    for (let at = countAt + 7; at >= countAt; at--) count = count * 256 + (this.bytes[at] as number);
    return count;
  }

  /** Stores the cardinality. */
  setCount(count: number): void {
    let rest = count;
    for (let at = countAt; at < headerBytes; at++) {
      this.bytes[at] = rest % 256;
      rest = Math.floor(rest / 256);
    }
  }

  /** To be called when registers have changed. */
  forgetCount(): void {
    this.bytes[countAt + 7] = (this.bytes[countAt + 7] as number) | staleBit;
  }
}

/** The cardinality that belongs to these registers. */
export function countOf(registers: Uint8Array): number {
  const histogram = new Int32Array(64);
  for (const value of registers) histogram[value] = (histogram[value] as number) + 1;
  return cardinality(histogram);
}

export const newRegisters = (): Uint8Array => new Uint8Array(registerCount);

const trailingZeros = (word: number): number => 31 - Math.clz32(word & -word);

function denseRegister(bytes: Uint8Array, index: number): number {
  const at = headerBytes + ((index * 6) >>> 3);
  const shift = (index * 6) & 7;
  return (((bytes[at] as number) | ((bytes[at + 1] ?? 0) << 8)) >>> shift) & 63;
}

function setDenseRegister(bytes: Uint8Array, index: number, value: number): void {
  const at = headerBytes + ((index * 6) >>> 3);
  const shift = (index * 6) & 7;
  const both = (bytes[at] as number) | ((bytes[at + 1] ?? 0) << 8);
  const changed = (both & ~(63 << shift)) | (value << shift);
  bytes[at] = changed;
  // Nothing follows the last register.
  if (at + 1 < bytes.length) bytes[at + 1] = changed >>> 8;
}
