/** A number as C's printf writes it with "%.<precision>g"; precision is 1 to 17. */
export function formatGeneral(value: number, precision: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const { digits, exponent } = significantDigits(Math.abs(value), precision);
  const sign = value < 0 ? "-" : "";
  if (exponent < -4 || exponent >= precision) {
    const mantissa = withoutTrailingZeros(`${digits[0]}.${digits.slice(1)}`);
    return `${sign}${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  if (exponent < 0) return sign + withoutTrailingZeros(`0.${"0".repeat(-1 - exponent)}${digits}`);
  return sign + withoutTrailingZeros(`${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`);
}

/**
 * The number rounded to that many digits, and the power of ten of the first digit. A number exactly halfway between two
 * results gets the even last digit, as in C; JavaScript's own rounding would take the larger number.
 */
function significantDigits(magnitude: number, precision: number): { digits: string; exponent: number } {
  const rounded = magnitude.toExponential(precision - 1);
  const further = magnitude.toExponential(precision);
  const text = further[further.indexOf("e") - 1] === "5" && isTieToLower(magnitude, precision) ? further : rounded;
  const letter = text.indexOf("e");
  const digits = text[0] + text.slice(2, letter);
  return { digits: digits.slice(0, precision), exponent: Number(text.slice(letter + 1)) };
}

function isTieToLower(magnitude: number, precision: number): boolean {
  // oxlint-disable-next-line oxc/number-arg-out-of-range -- up to 100 since ECMAScript 2018
  const digits = magnitude.toExponential(99).replace(/\.|e.*/g, "");
  return Number(digits[precision - 1]) % 2 === 0 && /^50*$/.test(digits.slice(precision));
}

/** For text with a decimal point. */
const withoutTrailingZeros = (text: string): string => text.replace(/\.?0*$/, "");
