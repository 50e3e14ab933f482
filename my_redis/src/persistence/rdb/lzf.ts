import { copyBytes } from "../../memory/copy-bytes.ts";
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

/** Decompresses source[start, end) to exactly `length` bytes. Throws RdbFormatError. */
export function decompress(source: Uint8Array, start: number, end: number, length: number): Uint8Array {
  checkLength(start, end, length);
  const target = new Uint8Array(length);
  decompressInto(source, start, end, target, 0, length);
  return target;
}

/** To be called before memory is allocated for the result. Throws RdbFormatError for an impossible length. */
export function checkLength(start: number, end: number, length: number): void {
  if (length > (end - start) * mostExpansion) throw new RdbFormatError(`${end - start} LZF bytes cannot be ${length}`);
}

/** As `decompress`, into `target` from `first` on. After an error, what it has written is undefined. */
export function decompressInto(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  first: number,
  length: number,
): void {
  const limit = first + length;
  let at = start;
  let to = first;
  while (at < end) {
    const control = source[at++] as number;
    if (control < longestLiteral) {
      const literalEnd = at + control + 1;
      if (literalEnd > end || to + control >= limit) throw new RdbFormatError("LZF literals beyond the end");
      while (at < literalEnd) target[to++] = source[at++] as number;
      continue;
    }
    let count = (control >>> 5) + 2;
    if (count === 9) count += at < end ? (source[at++] as number) : Infinity;
    let from = at < end ? to - 1 - (((control & 31) << 8) | (source[at++] as number)) : -1;
    if (from < first || to + count > limit) throw new RdbFormatError("LZF reference outside of the string");
    // Byte by byte: a match may overlap its own result.
    for (const matchEnd = to + count; to < matchEnd;) target[to++] = target[from++] as number;
  }
  if (to !== limit) throw new RdbFormatError(`LZF string of ${to - first} bytes where ${length} are announced`);
}
