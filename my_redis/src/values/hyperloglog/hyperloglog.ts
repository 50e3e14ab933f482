import { copyBytes } from "../../memory/copy-bytes.ts";
import { denseRegisterBytes, raiseDense, registerCount } from "./dense-registers.ts";
import { countOfDense, Registers } from "./registers.ts";
import { maxSparseValue, runBytes, runLength, runValue, SparseRuns } from "./sparse-runs.ts";

/**
 * A HyperLogLog: 16384 registers of 6 bits, each of which keeps the longest run of zeros seen in hashes of elements.
 * It is held in a string of the form that Redis gives it, so that GET and SET carry it anywhere:
 *
 *   4 bytes   "HYLL"
 *   1 byte    form: 0 dense (see dense-registers.ts), 1 sparse (see sparse-runs.ts)
 *   3 bytes   unused
 *   8 bytes   cardinality when last counted, little-endian; the highest bit is set when registers changed since
 *   then      the registers
 */
const headerBytes = 16;
const denseBytes = headerBytes + denseRegisterBytes;
const [dense, sparse] = [0, 1];
const formAt = 4;
const countAt = 8;
const staleBit = 0x80;
/** Of the hashes of elements. */
export const hashSeed = 0xadc83b19 | 0;
const magic = [72, 89, 76, 76] as const;
/** Without elements: one run of zeros. */
const empty = Uint8Array.from([...magic, sparse, ...Array.from({ length: headerBytes - 5 }, () => 0), 0x7f, 0xff]);
/** The change of one sparse register takes at most this many bytes. */
const sparseGrowth = 3;
/** Room for any sparse form under the usual limit. */
const initialBytes = 4096;

/** The registers are invalid. */
export class CorruptHyperLogLogError extends Error {
  constructor() {
    super("the registers of the HyperLogLog are corrupt");
  }
}

/** Whether bytes[start, end) may be a HyperLogLog. */
export function isHyperLogLog(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < headerBytes) return false;
  // Compared one by one, because a loop over `magic` is felt in PFADD.
  if (bytes[start] !== magic[0] || bytes[start + 1] !== magic[1]) return false;
  if (bytes[start + 2] !== magic[2] || bytes[start + 3] !== magic[3]) return false;
  const form = bytes[start + formAt] as number;
  return form === sparse || (form === dense && end - start === denseBytes);
}

/**
 * A HyperLogLog in bytes[start, end). It is either a view of bytes that belong to a key, or a copy in buffers of its
 * own, which the next value uses again. A dense one is changed where it is, because its size stays the same; a sparse
 * one becomes a copy when it is changed.
 */
export class HyperLogLog {
  bytes: Uint8Array = empty;
  start = 0;
  end = 0;
  #buffer = new Uint8Array(initialBytes);
  #denseBuffer: Uint8Array | undefined;
  readonly #runs = new SparseRuns();

  /** Whether the bytes are in a buffer of its own. */
  get isCopy(): boolean {
    return this.bytes === this.#buffer || this.bytes === this.#denseBuffer;
  }

  /** Makes this a view of bytes[start, end), which must be a HyperLogLog. */
  view(bytes: Uint8Array, start: number, end: number): this {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    if (this.isSparse) this.#runs.open(bytes, start + headerBytes, end);
    return this;
  }

  /** Makes this a copy of bytes[start, end), which must be a HyperLogLog. */
  #copy(bytes: Uint8Array, start: number, end: number): this {
    const length = end - start;
    // A longer one, which must be a string that another command has written, does not keep its buffer.
    const fits = length + sparseGrowth <= initialBytes;
    if (!fits || this.#buffer.length > initialBytes) this.#buffer = new Uint8Array(Math.max(length * 2, initialBytes));
    copyBytes(bytes, start, end, this.#buffer, 0);
    // As in Redis, a zero byte follows.
    this.#buffer[length] = 0;
    return this.view(this.#buffer, 0, length);
  }

  /** Makes this a copy without elements. */
  clear(): this {
    return this.#copy(empty, 0, empty.length);
  }

  get isSparse(): boolean {
    return this.bytes[this.start + formAt] === sparse;
  }

  /** Where the registers begin in `bytes`. */
  get registersAt(): number {
    return this.start + headerBytes;
  }

  refuse(): never {
    throw new CorruptHyperLogLogError();
  }

  /**
   * Adds an element with this hash; false when no register changed. A sparse form longer than `maxSparseBytes` becomes
   * dense.
   */
  add(hashLow: number, hashHigh: number, maxSparseBytes: number): boolean {
    // 14 bits choose the register. In the other 50, the zeros at the end are counted, and one is added.
    const low = (hashLow >>> 14) | (hashHigh << 18);
    const high = (hashHigh >>> 14) | (1 << 18);
    const value = low !== 0 ? trailingZeros(low) + 1 : trailingZeros(high) + 33;
    return this.raise(hashLow & (registerCount - 1), value, maxSparseBytes);
  }

  /** Raises a register to a value; false when the register has at least that value. */
  raise(index: number, value: number, maxSparseBytes: number): boolean {
    if (!this.isSparse) return raiseDense(this.bytes, this.registersAt, index, value);
    if (value <= maxSparseValue) {
      if (!this.isCopy) {
        const had = this.#runs.valueOf(index);
        if (had < 0) this.refuse();
        if (had >= value) return false;
        this.#copy(this.bytes, this.start, this.end);
      }
      this.#makeRoom();
      const result = this.#runs.raise(index, value, maxSparseBytes);
      this.end = this.#runs.end;
      if (result === "corrupt") this.refuse();
      if (result === "same") return false;
      if (result === "raised") return true;
    }
    this.makeDense();
    return raiseDense(this.bytes, this.registersAt, index, value);
  }

  #makeRoom(): void {
    if (this.end + sparseGrowth <= this.bytes.length) return;
    const larger = new Uint8Array(this.end * 2);
    larger.set(this.bytes);
    this.#buffer = larger;
    this.bytes = larger;
    this.#runs.bytes = larger;
  }

  /** Changes to the dense form. */
  makeDense(): void {
    if (!this.isSparse) return;
    this.setRegisters(this.registers());
  }

  /** Changes to the dense form, with these registers. */
  setRegisters(registers: Registers): void {
    if (this.isSparse) {
      const buffer = (this.#denseBuffer ??= new Uint8Array(denseBytes));
      copyBytes(this.bytes, this.start, this.start + headerBytes, buffer, 0);
      buffer[formAt] = dense;
      this.view(buffer, 0, denseBytes);
    }
    registers.write(this.bytes, this.registersAt);
  }

  /** The runs of the sparse form, as PFDEBUG DECODE shows them: damaged ones, too, to see the damage. */
  describeRuns(): string[] {
    const runs: string[] = [];
    const { bytes, end } = this;
    for (let at = this.registersAt; at < end; at += runBytes(bytes[at] as number)) {
      const length = runLength(bytes, at, end);
      const value = runValue(bytes[at] as number);
      if (value > 0) runs.push(`v:${value},${length}`);
      else runs.push(`${runBytes(bytes[at] as number) === 2 ? "Z" : "z"}:${length}`);
    }
    return runs;
  }

  /** Computes the cardinality. */
  count(): number {
    if (!this.isSparse) return countOfDense(this.bytes, this.registersAt);
    return this.registers().count();
  }

  /** Its registers. The object is shared: valid until the next call. */
  registers(): Registers {
    union.clear();
    return union.merge(this) ? union : this.refuse();
  }

  /**
   * The cardinality if it is stored; undefined when registers have changed since. A client may have stored any number:
   * one that a number cannot hold exactly is a bigint.
   */
  get knownCount(): number | bigint | undefined {
    const { bytes, start } = this;
    if (((bytes[start + countAt + 7] as number) & staleBit) !== 0) return undefined;
    let count = 0;
    for (let at = 7; at >= 0; at--) count = count * 256 + (bytes[start + countAt + at] as number);
    if (Number.isSafeInteger(count)) return count;
    return Buffer.from(bytes.buffer, bytes.byteOffset + start + countAt, 8).readBigUInt64LE();
  }

  /** Stores the cardinality. */
  setCount(count: number): void {
    let rest = count;
    for (let at = countAt; at < headerBytes; at++) {
      this.bytes[this.start + at] = rest % 256;
      rest = Math.floor(rest / 256);
    }
  }

  /** To be called when registers have changed. */
  forgetCount(): void {
    if (this.isSparse && !this.isCopy) this.#copy(this.bytes, this.start, this.end);
    const at = this.start + countAt + 7;
    this.bytes[at] = (this.bytes[at] as number) | staleBit;
  }
}

/** For one step of one method at a time. */
const union = new Registers();

const trailingZeros = (word: number): number => 31 - Math.clz32(word & -word);
