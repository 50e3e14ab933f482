/**
 * The 80-bit floating point of x86 ("long double"), in which INCRBYFLOAT and HINCRBYFLOAT count: with its 64 bits of
 * mantissa 0.1 + 0.2 prints as 0.3. Computed exactly in big integers and then rounded to nearest, ties to even, as
 * the processor and the C library do.
 */
export interface LongDouble {
  /** With its sign; at most 64 bits. */
  readonly mantissa: bigint;
  /** The value is mantissa * 2^exponent. */
  readonly exponent: number;
  /** Beyond the greatest finite number; then the mantissa tells only the sign. */
  readonly infinite?: true;
}

const mantissaBits = 64;
/** Of the smallest denormal number. */
const minExponent = -16445;
/** No finite number needs more bits before its point. */
const maxBits = 16384;
/** Decimal exponents outside of this are certain to overflow or to vanish, and need not be computed. */
const maxDecimalExponent = 5000;
/** Longest text that Redis looks at. */
const maxTextBytes = 5119;
const printedDecimals = 17n;

const decimalForm = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+))?$/;
const hexForm = /^([+-]?)0[xX](?:([0-9a-fA-F]+)(?:\.([0-9a-fA-F]*))?|\.([0-9a-fA-F]+))(?:[pP]([+-]?\d+))?$/;
const infinityForm = /^([+-]?)inf(?:inity)?$/i;

/** Reads text (one character per byte) as strtold does, all of it; undefined where Redis says it is no float. */
export function parseLongDouble(text: string): LongDouble | undefined {
  if (text.length > maxTextBytes) return undefined;
  const infinity = infinityForm.exec(text);
  if (infinity !== null) return infinite(infinity[1] === "-");
  const decimal = decimalForm.exec(text);
  const form = decimal ?? hexForm.exec(text);
  if (form === null) return undefined;
  const fraction = form[3] ?? form[4] ?? "";
  const digits = (form[2] ?? "") + fraction;
  const shift = Number(form[5] ?? 0);
  const value =
    decimal === null ? fromHex(digits, shift - fraction.length * 4) : fromDecimal(digits, shift - fraction.length);
  if (value === undefined || value.infinite) return undefined;
  return form[1] === "-" ? { ...value, mantissa: -value.mantissa } : value;
}

export const longDoubleOf = (integer: bigint): LongDouble => ({ mantissa: integer, exponent: 0 });

/** The sum, rounded once. NaN does not come out of it: an infinite operand gives an infinite sum. */
export function addLongDoubles(one: LongDouble, other: LongDouble): LongDouble {
  if (one.infinite) return one;
  if (other.infinite) return other;
  const exponent = Math.min(one.exponent, other.exponent);
  const aligned = (value: LongDouble): bigint => value.mantissa << BigInt(value.exponent - exponent);
  return rounded(aligned(one) + aligned(other), exponent, false);
}

/** The number with at most 17 decimals and no zeros at the end. Must be finite. */
export function formatLongDouble({ mantissa, exponent }: LongDouble): string {
  const negative = mantissa < 0n;
  const scaled = (negative ? -mantissa : mantissa) * 10n ** printedDecimals;
  const units = exponent >= 0 ? scaled << BigInt(exponent) : shiftRounded(scaled, -exponent, false);
  const text = units.toString().padStart(Number(printedDecimals) + 1, "0");
  const whole = text.slice(0, -Number(printedDecimals));
  const decimals = text.slice(-Number(printedDecimals)).replace(/0+$/, "");
  const unsigned = decimals === "" ? whole : `${whole}.${decimals}`;
  return negative && unsigned !== "0" ? `-${unsigned}` : unsigned;
}

const infinite = (negative: boolean): LongDouble => ({ mantissa: negative ? -1n : 1n, exponent: 0, infinite: true });

/** digits * 10^exponent; undefined where it is not zero but too small for any but zero. */
function fromDecimal(digits: string, exponent: number): LongDouble | undefined {
  const significant = digits.replace(/^0+/, "");
  if (significant === "") return longDoubleOf(0n);
  const magnitude = significant.length + exponent;
  if (magnitude > maxDecimalExponent) return infinite(false);
  if (magnitude < -maxDecimalExponent) return undefined;
  const number = BigInt(significant);
  if (exponent >= 0) return rounded(number * 10n ** BigInt(exponent), 0, false);
  const divisor = 10n ** BigInt(-exponent);
  // Enough bits that a quotient of 64 and a rounding bit come out, whatever the leading digits are.
  const shift = Math.max(0, bitLength(divisor) - bitLength(number) + mantissaBits + 2);
  const dividend = number << BigInt(shift);
  return unlessVanished(rounded(dividend / divisor, -shift, dividend % divisor !== 0n));
}

function fromHex(digits: string, exponent: number): LongDouble | undefined {
  const number = BigInt(`0x${digits}`);
  if (number === 0n) return longDoubleOf(0n);
  const magnitude = bitLength(number) + exponent;
  if (magnitude > maxBits) return infinite(false);
  if (magnitude < minExponent - 1) return undefined;
  return unlessVanished(rounded(number, exponent, false));
}

const unlessVanished = (value: LongDouble): LongDouble | undefined => (value.mantissa === 0n ? undefined : value);

/** Rounds mantissa * 2^exponent to the format. `more`: the true value lies a little above the mantissa given. */
function rounded(mantissa: bigint, exponent: number, more: boolean): LongDouble {
  const negative = mantissa < 0n;
  const absolute = negative ? -mantissa : mantissa;
  const excess = Math.max(bitLength(absolute) - mantissaBits, minExponent - exponent);
  const kept = excess > 0 ? shiftRounded(absolute, excess, more) : absolute;
  const keptExponent = excess > 0 ? exponent + excess : exponent;
  if (bitLength(kept) + keptExponent > maxBits && kept !== 0n) return infinite(negative);
  return { mantissa: negative ? -kept : kept, exponent: keptExponent };
}

/** value / 2^bits, rounded to the nearest integer, ties to even. */
function shiftRounded(value: bigint, bits: number, more: boolean): bigint {
  const shift = BigInt(bits);
  const quotient = value >> shift;
  const rest = value - (quotient << shift);
  const half = 1n << (shift - 1n);
  const up = rest > half || (rest === half && (more || (quotient & 1n) === 1n));
  return up ? quotient + 1n : quotient;
}

function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  const hex = value.toString(16);
  return hex.length * 4 - Math.clz32(Number.parseInt(hex[0] as string, 16)) + 28;
}
