import type { ByteBuffer } from "../../../memory/byte-buffer.ts";

const backslash = 92;
const letterU = 117;

const replacements = new Map<number, number>([
  [34, 34],
  [92, 92],
  [47, 47],
  [98, 8],
  [102, 12],
  [110, 10],
  [114, 13],
  [116, 9],
]);

/** Why an escape was refused. */
export type EscapeError = "invalid escape code" | "invalid unicode escape code";

/**
 * Decodes the escape whose backslash is at bytes[at], and appends the result as UTF-8. Returns where the escape ends,
 * or the error.
 */
export function readEscape(bytes: Uint8Array, at: number, out: ByteBuffer): number | EscapeError {
  const letter = bytes[at + 1] as number;
  if (letter !== letterU) {
    const replacement = replacements.get(letter);
    if (replacement === undefined) return "invalid escape code";
    out.byte(replacement);
    return at + 2;
  }
  const unit = hexadecimal4(bytes, at + 2);
  if (unit < 0) return "invalid unicode escape code";
  if ((unit & 0xf800) !== 0xd800) {
    appendUtf8(out, unit);
    return at + 6;
  }
  const low = bytes[at + 6] === backslash && bytes[at + 7] === letterU ? hexadecimal4(bytes, at + 8) : -1;
  if ((unit & 0x400) !== 0 || (low & 0xfc00) !== 0xdc00 || low < 0) return "invalid unicode escape code";
  appendUtf8(out, (((unit & 0x3ff) << 10) | (low & 0x3ff)) + 0x10000);
  return at + 12;
}

/** The value of four hexadecimal digits; -1 when they are invalid. */
function hexadecimal4(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let index = 0; index < 4; index++) {
    const digit = Number.parseInt(String.fromCharCode(bytes[at + index] ?? 0), 16);
    if (Number.isNaN(digit)) return -1;
    value = value * 16 + digit;
  }
  return value;
}

function appendUtf8(out: ByteBuffer, code: number): void {
  if (code < 0x80) {
    out.byte(code);
  } else if (code < 0x800) {
    out.byte(0xc0 | (code >> 6));
    out.byte(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out.byte(0xe0 | (code >> 12));
    out.byte(0x80 | ((code >> 6) & 0x3f));
    out.byte(0x80 | (code & 0x3f));
  } else {
    out.byte(0xf0 | (code >> 18));
    out.byte(0x80 | ((code >> 12) & 0x3f));
    out.byte(0x80 | ((code >> 6) & 0x3f));
    out.byte(0x80 | (code & 0x3f));
  }
}
