import { formatFixed } from "./fixed-format.ts";
import { formatGeneral } from "./general-format.ts";
import { latin1Text } from "../protocol/arguments.ts";

/** Doubles as text: read as the C library's strtod does, and printed as Redis prints scores and coordinates. */

/** Whole numbers up to this one are printed digit by digit. */
const maxPlainInteger = 2 ** 52;
const significantDigits = 17;
/** Any number with this many digits is exact in a double. */
const plainDigits = 15;
const [minus, point, zero] = [45, 46, 48];
/** Redis takes no longer text for a number. */
const maxTextBytes = 5119;

const decimalForm = /^([+-]?)((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i;
const hexForm = /^([+-]?)0x(?:([0-9a-f]+)\.?([0-9a-f]*)|\.([0-9a-f]+))(?:p([+-]?\d+))?$/i;
const infinityForm = /^([+-]?)inf(?:inity)?$/i;
/** Bytes that strtod skips before a number. */
const leadingSpace = /^[ \t\n\v\f\r]+/;

/**
 * The double that the whole of bytes[start, end) spells. NaN where Redis says that it is not a valid float: space
 * before or after it, NaN itself, and numbers that are too large or, except zero, too small for a double.
 */
export function parseDouble(bytes: Uint8Array, start: number, end: number): number {
  const plain = parsePlain(bytes, start, end);
  if (!Number.isNaN(plain)) return plain;
  if (end - start > maxTextBytes) return Number.NaN;
  const text = latin1Text(bytes, start, end);
  const value = numberOf(text);
  const outOfRange = value === 0 ? !spellsZero(text) : !Number.isFinite(value) && !infinityForm.test(text);
  return outOfRange ? Number.NaN : value;
}

/**
 * A number of at most `plainDigits` digits with or without a point, NaN for any other text. Nearly all scores are such
 * numbers, and they are read without making a string. Digits and power of ten are exact, so their quotient is rounded
 * only once.
 */
function parsePlain(bytes: Uint8Array, start: number, end: number): number {
  const negative = bytes[start] === minus;
  const first = negative ? start + 1 : start;
  if (end - first > plainDigits + 1) return Number.NaN;
  let value = 0;
  let decimals = -1;
  let at = first;
  for (; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === point && decimals < 0) {
      decimals = 0;
      continue;
    }
    const digit = byte - zero;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
    if (decimals >= 0) decimals++;
  }
  const digits = at - first - (decimals >= 0 ? 1 : 0);
  if (digits === 0 || digits > plainDigits) return Number.NaN;
  if (decimals > 0) value /= 10 ** decimals;
  return negative ? -value : value;
}

/** Whether all digits before the exponent are 0. */
const spellsZero = (text: string): boolean =>
  /^[+-]?0x/i.test(text) ? !/^[+-]?0x[^p]*[1-9a-f]/i.test(text) : !/^[^e]*[1-9]/i.test(text);

/**
 * The limit of a range of scores. It may be text that strtod reads to its end, also with space before it, an empty text
 * (which means 0), or a number beyond the range of a double. NaN for anything else.
 */
export function parseLimit(text: string): number {
  const read = (text.split("\0", 1)[0] as string).replace(leadingSpace, "");
  // strtod does not skip space when no number follows.
  if (read === "") return text === "" || text.startsWith("\0") ? 0 : Number.NaN;
  return numberOf(read);
}

function numberOf(text: string): number {
  const decimal = decimalForm.exec(text);
  if (decimal !== null) return signed(decimal[1], Number(decimal[2]));
  const infinity = infinityForm.exec(text);
  if (infinity !== null) return signed(infinity[1], Number.POSITIVE_INFINITY);
  const hex = hexForm.exec(text);
  if (hex === null) return Number.NaN;
  const fraction = hex[3] ?? hex[4] ?? "";
  return signed(hex[1], scaled(BigInt(`0x${hex[2] ?? ""}${fraction}`), Number(hex[5] ?? 0) - fraction.length * 4));
}

const signed = (sign: string | undefined, value: number): number => (sign === "-" ? -value : value);

/** mantissa * 2^exponent, rounded once. */
function scaled(mantissa: bigint, exponent: number): number {
  if (mantissa === 0n) return 0;
  const bits = mantissa.toString(2).length;
  if (bits + exponent > 1024) return Number.POSITIVE_INFINITY;
  if (bits + exponent < -1074) return 0;
  // Bits of the result. Denormal numbers have fewer.
  const kept = Math.min(53, bits + exponent + 1074);
  const dropped = BigInt(Math.max(0, bits - kept));
  const half = dropped === 0n ? 0n : 1n << (dropped - 1n);
  const rest = mantissa & ((1n << dropped) - 1n);
  let rounded = mantissa >> dropped;
  if (dropped > 0n && (rest > half || (rest === half && (rounded & 1n) === 1n))) rounded++;
  // In two steps, each of which is exact: a single factor could be beyond the range of a double.
  const shift = exponent + Number(dropped);
  const first = Math.trunc(shift / 2);
  return Number(rounded) * 2 ** first * 2 ** (shift - first);
}

/** A score as Redis 7.2 prints it: the shortest digits that give the same double again, laid out as fpconv does. */
export function formatDouble(value: number): string {
  if (!Number.isFinite(value)) return specialText(value);
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  if (Number.isInteger(value) && Math.abs(value) <= maxPlainInteger) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-3 && magnitude < 1e15) {
    // JavaScript's own text has the same digits, and the same layout unless there are many digits.
    const text = String(value);
    if (magnitude < 1e4 || text.length - text.indexOf(".") <= 7) return text;
  }
  const sign = value < 0 ? "-" : "";
  const [mantissa, power] = magnitude.toExponential().split("e") as [string, string];
  return sign + layOut(mantissa.replace(".", ""), Number(power), sign.length);
}

const specialText = (value: number): string => (Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf");

/** `power`: the power of ten of the first digit. */
function layOut(digits: string, power: number, signLength: number): string {
  const trailing = power - digits.length + 1;
  if (trailing >= 0 && Math.abs(power) < digits.length + 7) return digits + "0".repeat(trailing);
  if (trailing < 0 && (trailing > -7 || Math.abs(power) < 4)) {
    const point = digits.length + trailing;
    return point <= 0 ? `0.${"0".repeat(-point)}${digits}` : `${digits.slice(0, point)}.${digits.slice(point)}`;
  }
  const shown = digits.slice(0, 18 - signLength);
  const fraction = shown.length > 1 ? `.${shown.slice(1)}` : "";
  return `${shown[0]}${fraction}e${power < 0 ? "-" : "+"}${Math.abs(power)}`;
}

/** As the C library prints "%.17g": ZSCAN answers the scores of a large sorted set in this form. */
export const formatDouble17 = (value: number): string => formatGeneral(value, significantDigits);

const withoutZeros = (text: string): string => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

/** With at most 17 decimals and no zeros at the end, for coordinates. The value must be finite and below 1e21. */
export function formatDecimals(value: number): string {
  const text = withoutZeros(formatFixed(value, significantDigits));
  return text === "-0" ? "0" : text;
}
