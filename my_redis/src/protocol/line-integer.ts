const minus = 45;
const zero = 48;
/** More digits than any length has; all of them are exact as a number. */
const maxDigits = 15;

/** The integer that bytes[start, end) spell, as Redis reads lengths: no leading zeros, no plus. NaN for anything else. */
export function lineInteger(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return Number.NaN;
  const isNegative = bytes[start] === minus;
  let at = isNegative ? start + 1 : start;
  if (at === end || end - at > maxDigits || (bytes[at] === zero && end - start > 1)) return Number.NaN;
  let value = 0;
  for (; at < end; at++) {
    const digit = (bytes[at] as number) - zero;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return isNegative ? -value : value;
}
