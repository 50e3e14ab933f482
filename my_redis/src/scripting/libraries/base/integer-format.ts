/** One conversion of string.format for an integer: `%[flags][width][.precision]letter`. */
export const integerConversion = /%([-+ #0]{0,5})(?![-+ #0])(\d{0,2})(?:\.(\d{0,2}))?([dioxXu])/y;

const minInt64 = -(2n ** 63n);

/**
 * A double as a signed 64-bit integer, as an x86 processor converts it: values out of range give the smallest integer.
 */
export function toInt64(value: number): bigint {
  if (!(value >= -(2 ** 63) && value < 2 ** 63)) return minInt64;
  return BigInt(Math.trunc(value));
}

/** A double as an unsigned 64-bit integer, as compilers for x86 convert it. */
export function toUint64(value: number): bigint {
  if (!(value >= 2 ** 63)) return BigInt.asUintN(64, toInt64(value));
  return value < 2 ** 64 ? BigInt(value) : 0n;
}

/** Whether this build, with its 32-bit integers, would format the number differently from Redis. */
export const needsWideFormat = (letter: string, value: number): boolean =>
  letter === "d" || letter === "i" ? !(Math.abs(value) < 2 ** 31) : !(value >= 0 && value < 2 ** 32);

/** The text that C's printf prints for a long under the conversion. */
export function formatInteger(match: RegExpExecArray, value: number): string {
  const [, flags = "", width = "", precision, letter = "d"] = match;
  const signed = letter === "d" || letter === "i";
  const integer = signed ? toInt64(value) : toUint64(value);
  const digits = digitsOf(integer < 0n ? -integer : integer, letter).padStart(Number(precision || 0), "0");
  const body = precision === "" || precision === "0" ? (integer === 0n ? "" : digits) : digits;
  const sign = signed ? signOf(integer, flags) : prefixOf(integer, flags, letter);
  const wide = Number(width);
  if (flags.includes("-")) return (sign + body).padEnd(wide);
  if (flags.includes("0") && precision === undefined) return sign + body.padStart(wide - sign.length, "0");
  return (sign + body).padStart(wide);
}

function digitsOf(magnitude: bigint, letter: string): string {
  if (letter === "o") return magnitude.toString(8);
  if (letter === "x") return magnitude.toString(16);
  return letter === "X" ? magnitude.toString(16).toUpperCase() : magnitude.toString();
}

function signOf(integer: bigint, flags: string): string {
  if (integer < 0n) return "-";
  if (flags.includes("+")) return "+";
  return flags.includes(" ") ? " " : "";
}

function prefixOf(integer: bigint, flags: string, letter: string): string {
  if (!flags.includes("#") || integer === 0n) return "";
  if (letter === "o") return "0";
  return letter === "x" || letter === "X" ? `0${letter}` : "";
}
