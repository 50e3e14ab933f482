import { type ByteRange, wholeRange } from "../../memory/byte-range.ts";
import { copyBytes } from "../../memory/copy-bytes.ts";
import {
  decompressed,
  decompressedBytes,
  input,
  kernelBytes,
  kernelWords,
  maxInputBytes,
  openKernel,
  piece,
  pieceBytes,
  resultWords,
} from "../../memory/kernels/kernel-memory.ts";
import { lzfKernel as binary } from "./lzf-kernel-binary.ts";
import { RdbFormatError } from "./rdb-format-error.ts";

/**
 * The LZF format, in which RDB keeps long strings:
 *
 *   000lllll                       l + 1 bytes follow as they are
 *   lllooooo oooooooo              l + 2 bytes as they stand o + 1 bytes before; l is 1 to 6
 *   111ooooo llllllll oooooooo     the same with l + 9 bytes
 */
const longestLiteral = 32;
const longestMatch = 264;
/** Bytes of the longest item, in the compressed form. */
const longestItem = 1 + longestLiteral;
const farthest = 8192;
const shortestMatch = 3;
const hashBits = 14;

/** Three bytes of the format never stand for more than a match of full length. */
export const mostExpansion = longestMatch / 3;

/**
 * Where three bytes with this hash were last seen. Positions go on increasing from call to call, so that the table need
 * not be cleared.
 */
const seenAt = new Float64Array(1 << hashBits).fill(-farthest - 1);
let origin = 0;

const hashOf = (bytes: Uint8Array, at: number): number => {
  const three = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
  return Math.imul(three, 0x9e3779b1) >>> (32 - hashBits);
};

/**
 * Compresses source[start, end) into target[0, limit). Gives the number of written bytes, or 0 when they do not fit.
 */
export function compress(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  limit = target.length,
): number {
  const base = origin - start;
  origin += end - start + farthest;
  let to = 0;
  let literalStart = start;
  let at = start;
  while (at + shortestMatch <= end) {
    const hash = hashOf(source, at);
    const from = (seenAt[hash] as number) - base;
    seenAt[hash] = at + base;
    const length = from < start || at - from > farthest ? 0 : matchLength(source, from, at, end);
    if (length < shortestMatch) {
      at++;
      continue;
    }
    to = writeLiterals(source, literalStart, at, target, to, limit);
    if (to + 3 > limit) return 0;
    to = writeMatch(target, to, at - from - 1, length);
    at += length;
    literalStart = at;
  }
  to = writeLiterals(source, literalStart, end, target, to, limit);
  return to > limit ? 0 : to;
}

function matchLength(source: Uint8Array, from: number, at: number, end: number): number {
  const most = Math.min(longestMatch, end - at);
  let length = 0;
  while (length < most && source[from + length] === source[at + length]) length++;
  return length;
}

/** Gives where the literals end, or a place beyond the limit when they do not fit. */
function writeLiterals(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  to: number,
  limit: number,
): number {
  for (let from = start; from < end; from += longestLiteral) {
    const length = Math.min(longestLiteral, end - from);
    if (to + 1 + length > limit) return limit + 1;
    target[to++] = length - 1;
    copyBytes(source, from, from + length, target, to);
    to += length;
  }
  return to;
}

function writeMatch(target: Uint8Array, to: number, offset: number, length: number): number {
  if (length < 9) {
    target[to++] = ((length - 2) << 5) | (offset >>> 8);
  } else {
    target[to++] = 0xe0 | (offset >>> 8);
    target[to++] = length - 9;
  }
  target[to++] = offset;
  return to;
}

/** To be called before memory is allocated for the result. Throws RdbFormatError for an impossible length. */
export function checkLength(start: number, end: number, length: number): void {
  if (length > (end - start) * mostExpansion) throw new RdbFormatError(`${end - start} LZF bytes cannot be ${length}`);
}

interface Kernel {
  decompress(
    at: number,
    stop: number,
    end: number,
    first: number,
    to: number,
    full: number,
    limit: number,
    result: number,
  ): number;
}

let kernel: Kernel | undefined;

/** The functions of lzf-kernel.wat. */
export const lzfKernel = (): Kernel => (kernel ??= openKernel(binary) as unknown as Kernel);

const outputEnd = decompressed + decompressedBytes;
const pieceEnd = piece + pieceBytes;
/** Compressed bytes that are given to the kernel at a time. They may become more than the kernel has room for at once. */
const inputBytes = 8 * 1024;

/**
 * Decompresses source[start, end) to `length` bytes of the kernels' memory, from `to` on, which is in the area
 * `decompressed`. False when there is not so much room. Throws RdbFormatError.
 */
export function decompressAt(source: Uint8Array, start: number, end: number, to: number, length: number): boolean {
  if (end - start > maxInputBytes || to + length > outputEnd) return false;
  checkLength(start, end, length);
  const from = source === kernelBytes ? start : input;
  if (source !== kernelBytes) copyBytes(source, start, end, kernelBytes, input);
  const inputEnd = from + end - start;
  checkResult(lzfKernel().decompress(from, inputEnd, inputEnd, to, to, outputEnd + 1, to + length, resultWords));
  checkWhole((kernelWords[resultWords / 4] as number) - to, length);
  return true;
}

/** Decompresses source[start, end) to exactly `length` bytes. Throws RdbFormatError. */
export function decompress(source: Uint8Array, start: number, end: number, length: number): Uint8Array {
  checkLength(start, end, length);
  const target = new Uint8Array(length);
  decompressInto(wholeRange(target), source, start, end);
  return target;
}

/** As `decompress`, into a range of the announced length. Nothing is written beyond it. */
export function decompressInto(target: ByteRange, source: Uint8Array, start: number, end: number): void {
  const length = target.end - target.start;
  const { decompress: decompressPiece } = lzfKernel();
  let done = 0;
  let to = piece;
  for (let at = start; at < end;) {
    const size = Math.min(end - at, inputBytes);
    copyBytes(source, at, at + size, kernelBytes, input);
    const inputEnd = input + size;
    const stop = at + size === end ? inputEnd : inputEnd - longestItem;
    // A string that is longer than the piece has no limit in it.
    const limit = to + Math.min(length - done, pieceBytes);
    const next = decompressPiece(input, stop, inputEnd, piece, to, pieceEnd - longestMatch, limit, resultWords);
    checkResult(next);
    const written = kernelWords[resultWords / 4] as number;
    copyBytes(kernelBytes, to, written, target.bytes, target.start + done);
    done += written - to;
    at += next - input;
    to = written;
    if (to < pieceEnd - longestMatch) continue;
    // What follows may refer to the end of this piece.
    copyBytes(kernelBytes, to - farthest, to, kernelBytes, piece);
    to = piece + farthest;
  }
  checkWhole(done, length);
}

function checkResult(result: number): void {
  if (result >= 0) return;
  throw new RdbFormatError(result === -1 ? "LZF literals beyond the end" : "LZF reference outside of the string");
}

function checkWhole(written: number, expected: number): void {
  if (written !== expected) throw new RdbFormatError(`LZF string of ${written} bytes where ${expected} are announced`);
}
