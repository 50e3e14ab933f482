const backslash = 92;
const quote = 34;
const named = new Map([
  [7, "\\a"],
  [8, "\\b"],
  [9, "\\t"],
  [10, "\\n"],
  [13, "\\r"],
  [quote, '\\"'],
  [backslash, "\\\\"],
]);

/** Bytes in double quotes, with escapes for everything unprintable: the form that redis-cli reads and prints. */
export function quotedText(bytes: Uint8Array, start: number, end: number): string {
  let text = '"';
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    const name = named.get(byte);
    if (name !== undefined) text += name;
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return `${text}"`;
}
