/** A number at the start of a text, as C's strtod reads it. */
export interface ReadNumber {
  value: number;
  /** Where the number ends; equal to its start when there is no number. */
  end: number;
}

const plus = 43;
const minus = 45;
const point = 46;
const zero = 48;
const result: ReadNumber = { value: 0, end: 0 };

const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57;
const lower = (byte: number | undefined): number => (byte ?? 0) | 32;

/**
 * Reads a number at bytes[at): decimal or hexadecimal, "inf", "infinity", "nan" or "nan(...)" in any case. The text
 * must end with a byte that cannot belong to a number. The returned object is reused by the next call.
 */
export function readNumber(bytes: Uint8Array, start: number): ReadNumber {
  const negative = bytes[start] === minus;
  const at = negative || bytes[start] === plus ? start + 1 : start;
  if (!readInteger(bytes, at) && !readWord(bytes, at) && !readHexadecimal(bytes, at)) readDecimal(bytes, at);
  if (result.end === at) result.end = start;
  if (negative) result.value = -result.value;
  return result;
}

/** The frequent case: up to 15 digits, with nothing after them that continues a number. */
function readInteger(bytes: Uint8Array, start: number): boolean {
  let value = 0;
  let at = start;
  for (; at < start + 15; at++) {
    const digit = (bytes[at] as number) - zero;
    if (!(digit >= 0 && digit <= 9)) break;
    value = value * 10 + digit;
  }
  const next = bytes[at] as number;
  if (at === start || isDigit(next) || next === point || lower(next) === 101 || lower(next) === 120) return false;
  result.value = value;
  result.end = at;
  return true;
}

function readWord(bytes: Uint8Array, at: number): boolean {
  if (isWord(bytes, at, "nan")) {
    result.value = Number.NaN;
    result.end = endOfNan(bytes, at + 3);
    return true;
  }
  if (!isWord(bytes, at, "inf")) return false;
  result.value = Number.POSITIVE_INFINITY;
  result.end = at + (isWord(bytes, at, "infinity") ? 8 : 3);
  return true;
}

function isWord(bytes: Uint8Array, at: number, word: string): boolean {
  for (let index = 0; index < word.length; index++) {
    if (lower(bytes[at + index]) !== word.charCodeAt(index)) return false;
  }
  return true;
}

/** "nan" may be followed by letters, digits and underscores in brackets. */
function endOfNan(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== 40) return at;
  let end = at + 1;
  while (/\w/.test(String.fromCharCode(bytes[end] as number))) end++;
  return bytes[end] === 41 ? end + 1 : at;
}

function readDecimal(bytes: Uint8Array, start: number): void {
  let at = start;
  while (isDigit(bytes[at] as number)) at++;
  let digits = at - start;
  if (bytes[at] === point) {
    const first = ++at;
    while (isDigit(bytes[at] as number)) at++;
    digits += at - first;
  }
  result.value = 0;
  result.end = start;
  if (digits === 0) return;
  result.end = endOfExponent(bytes, at, 101);
  result.value = Number(latin1(bytes, start, result.end));
}

/** Where the exponent ("e+10") that begins here ends, if there is one. */
function endOfExponent(bytes: Uint8Array, at: number, letter: number): number {
  if (lower(bytes[at]) !== letter) return at;
  let end = at + 1;
  if (bytes[end] === plus || bytes[end] === minus) end++;
  if (!isDigit(bytes[end] as number)) return at;
  while (isDigit(bytes[end] as number)) end++;
  return end;
}

/** 0x, hexadecimal digits with or without a point, and a binary exponent ("p-3"). */
function readHexadecimal(bytes: Uint8Array, start: number): boolean {
  if (bytes[start] !== zero || lower(bytes[start + 1]) !== 120) return false;
  let at = start + 2;
  let digits = "";
  let fraction = -1;
  for (; ; at++) {
    const character = String.fromCharCode(bytes[at] as number);
    if (/[0-9a-f]/i.test(character)) digits += character;
    else if (character === "." && fraction < 0) fraction = digits.length;
    else break;
  }
  if (digits === "") return false;
  const end = endOfExponent(bytes, at, 112);
  const exponent = end > at ? Number(latin1(bytes, at + 1, end)) : 0;
  const places = fraction < 0 ? 0 : digits.length - fraction;
  result.value = scale(BigInt(`0x${digits}`), exponent - places * 4);
  result.end = end;
  return true;
}

/** integer * 2^exponent, rounded once. */
function scale(integer: bigint, exponent: number): number {
  if (integer === 0n) return 0;
  if (exponent >= 0) return exponent > 1100 ? Number.POSITIVE_INFINITY : Number(integer << BigInt(exponent));
  if (exponent < -5000) return 0;
  // A double has 53 bits, so 120 bits plus one that stands for all below round the same way.
  const excess = integer.toString(2).length - 120;
  if (excess <= 0) return Number(integer) * 2 ** Math.max(exponent, -1074) * 2 ** Math.min(0, exponent + 1074);
  const rest = (integer & ((1n << BigInt(excess)) - 1n)) === 0n ? 0n : 1n;
  return scale(((integer >> BigInt(excess)) << 1n) | rest, exponent + excess - 1);
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at] as number);
  return text;
}
