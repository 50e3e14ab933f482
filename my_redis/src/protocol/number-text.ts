/** Integers as Redis reads them from bytes: an optional minus, no plus, no leading zeros, no spaces. */

export const maxInt64 = 9223372036854775807n;
export const minInt64 = -9223372036854775808n;

const minus = 45;
const zero = 48;

/**
 * The safe integer that bytes[start, end) spells, or NaN: for text that is no integer, and also for integers beyond
 * 2^53, for which `parseInt64` is the exact way.
 */
export function parseSafeInteger(bytes: Uint8Array, start: number, end: number): number {
  const negative = bytes[start] === minus;
  let at = negative ? start + 1 : start;
  const digits = end - at;
  if (digits <= 0 || digits > 16) return Number.NaN;
  if (bytes[at] === zero) return digits === 1 && !negative ? 0 : Number.NaN;
  let value = 0;
  for (; at < end; at++) {
    const digit = (bytes[at] as number) - zero;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  if (value > Number.MAX_SAFE_INTEGER) return Number.NaN;
  return negative ? -value : value;
}

/** The 64-bit integer that bytes[start, end) spells, or undefined. */
export function parseInt64(bytes: Uint8Array, start: number, end: number): bigint | undefined {
  const safe = parseSafeInteger(bytes, start, end);
  if (!Number.isNaN(safe)) return BigInt(safe);
  if (end - start < 16 || end - start > 20) return undefined;
  let at = start;
  const negative = bytes[at] === minus;
  if (negative) at++;
  if (bytes[at] === zero) return undefined;
  let value = 0n;
  for (; at < end; at++) {
    const digit = (bytes[at] as number) - zero;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10n + BigInt(digit);
  }
  if (negative) value = -value;
  return value > maxInt64 || value < minInt64 ? undefined : value;
}

/** Digits that a safe integer takes as text, with its sign. */
export function integerLength(value: number): number {
  let length = 1;
  if (value < 0) {
    length = 2;
    value = -value;
  }
  for (let bound = 10; value >= bound; bound *= 10) length++;
  return length;
}

/** Writes a safe integer as text at `at`; returns where the text ends. */
export function writeInteger(target: Uint8Array, at: number, value: number): number {
  if (value < 0) {
    target[at++] = minus;
    value = -value;
  }
  if (value < 10) {
    target[at++] = zero + value;
    return at;
  }
  const end = at + integerLength(value);
  let place = end;
  if (value > 0x7fffffff) {
    // The lower nine digits apart, so that all divisions but this one are of machine integers.
    const upper = Math.floor(value / 1e9);
    let lower = (value - upper * 1e9) | 0;
    for (let digit = 0; digit < 9; digit++) {
      const quotient = (lower / 10) | 0;
      target[--place] = zero + (lower - quotient * 10);
      lower = quotient;
    }
    value = upper;
  }
  let small = value | 0;
  while (place > at) {
    const quotient = (small / 10) | 0;
    target[--place] = zero + (small - quotient * 10);
    small = quotient;
  }
  return end;
}
