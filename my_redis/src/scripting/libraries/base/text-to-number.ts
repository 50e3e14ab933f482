const maxUnsigned = 2n ** 64n - 1n;

const isSpace = (byte: number | undefined): boolean => byte === 32 || (byte !== undefined && byte >= 9 && byte <= 13);

/**
 * The result of C's strtoul for a whole text with 64-bit integers (this build of Lua has 32). Surrounding blanks, a sign
 * and 0x are allowed, a minus wraps around, and a number that is too large becomes the largest. Undefined when the text
 * is no number.
 */
export function parseUnsigned(text: Uint8Array, base: number): number | undefined {
  const end = endOfCString(text);
  let at = 0;
  while (isSpace(text[at])) at++;
  const negative = text[at] === 45;
  if (negative || text[at] === 43) at++;
  if (base === 16 && text[at] === 48 && ((text[at + 1] ?? 0) | 32) === 120 && digitOf(text[at + 2]) < 16) at += 2;
  const first = at;
  let value = 0n;
  for (let digit = digitOf(text[at]); at < end && digit < base; digit = digitOf(text[at])) {
    value = value * BigInt(base) + BigInt(digit);
    if (value > maxUnsigned) value = maxUnsigned + 1n;
    at++;
  }
  if (at === first) return undefined;
  while (isSpace(text[at])) at++;
  if (at < end) return undefined;
  if (value > maxUnsigned) return Number(maxUnsigned);
  return Number(negative ? BigInt.asUintN(64, -value) : value);
}

function endOfCString(text: Uint8Array): number {
  const zero = text.indexOf(0);
  return zero < 0 ? text.length : zero;
}

/** The value of a digit or letter; 99 for anything else. */
function digitOf(byte: number | undefined): number {
  if (byte === undefined) return 99;
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 122 ? letter - 87 : 99;
}
