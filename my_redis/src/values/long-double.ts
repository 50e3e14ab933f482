/**
 * The 80-bit floating point of x86 ("long double"), in which INCRBYFLOAT and HINCRBYFLOAT calculate: with its 64 bits
 * of mantissa, 0.1 + 0.2 prints as 0.3. Results are exact in big integers first, and then rounded to the nearest
 * number, ties to even, as the processor and the C library do.
 */
export interface LongDouble {
  /** With its sign; at most 64 bits without it. */
  readonly mantissa: bigint;
  /** The value is mantissa * 2^exponent. */
  readonly exponent: number;
  /** Set for values beyond the greatest finite number. Then the mantissa only gives the sign. */
  readonly infinite?: true;
}

const mantissaBits = 64;
/** The exponent of the smallest denormal number. */
const minExponent = -16445;
/** The greatest finite number has this many bits before its point. */
const maxBits = 16384;
/** Decimal exponents outside of this range are certain to overflow or to give zero, and are not computed. */
const maxDecimalExponent = 5000;
/** Redis reads no longer text. */
const maxTextBytes = 5119;
const printedDecimals = 17n;

const decimalForm = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+))?$/;
const hexForm = /^([+-]?)0[xX](?:([0-9a-fA-F]+)(?:\.([0-9a-fA-F]*))?|\.([0-9a-fA-F]+))(?:[pP]([+-]?\d+))?$/;
const infinityForm = /^([+-]?)inf(?:inity)?$/i;

/**
 * Reads all of the text (one character per byte) as strtold does; undefined where Redis says that it is not a float.
 */
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

/** The sum, rounded once. It is never NaN: an infinite operand gives an infinite sum. */
export function addLongDoubles(one: LongDouble, other: LongDouble): LongDouble {
  if (one.infinite) return one;
  if (other.infinite) return other;
  const exponent = Math.min(one.exponent, other.exponent);
  const aligned = (value: LongDouble): bigint => value.mantissa << BigInt(value.exponent - exponent);
  return rounded(aligned(one) + aligned(other), exponent, false);
}

/** The number with at most 17 decimals and no zeros at the end. It must be finite. */
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

/** digits * 10^exponent; undefined when it is not zero but would be rounded to zero. */
function fromDecimal(digits: string, exponent: number): LongDouble | undefined {
  const significant = digits.replace(/^0+/, "");
  if (significant === "") return longDoubleOf(0n);
  const magnitude = significant.length + exponent;
  if (magnitude > maxDecimalExponent) return infinite(false);
  if (magnitude < -maxDecimalExponent) return undefined;
  const number = BigInt(significant);
  if (exponent >= 0) return rounded(number * 10n ** BigInt(exponent), 0, false);
  const divisor = 10n ** BigInt(-exponent);
  // Enough bits for a quotient of 64 bits and a rounding bit, whatever the leading digits are.
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

/** Rounds mantissa * 2^exponent to the format. `more`: the exact value is a little greater than the given one. */
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
