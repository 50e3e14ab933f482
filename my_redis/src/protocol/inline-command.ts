/** Splits a line into words as redis-cli and redis-server do: blanks separate, double and single quotes group. */

const backslash = 92;
const doubleQuote = 34;
const singleQuote = 39;
const escapes = new Map([
  [110, 10], // \n
  [114, 13], // \r
  [116, 9], // \t
  [98, 8], // \b
  [97, 7], // \a
]);

/** Bytes that may stand before a word, and behind a closing quote. */
const isBlank = (byte: number | undefined): boolean =>
  byte === 32 || (byte !== undefined && byte >= 9 && byte <= 13) || byte === 0;

/** Bytes that end a word. They are fewer, because Redis takes a vertical tab or a form feed inside a word as part of it. */
const endsWord = (byte: number | undefined): boolean => isBlank(byte) && byte !== 11 && byte !== 12;

/** The words of a line, or undefined when a quote is not closed or not followed by a blank. */
export function splitInlineCommand(line: Uint8Array): Uint8Array[] | undefined {
  const words: Uint8Array[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && isBlank(line[at])) at++;
    if (at >= line.length) return words;
    const word: number[] = [];
    while (at < line.length && !endsWord(line[at])) {
      const byte = line[at] as number;
      if (byte === doubleQuote || byte === singleQuote) {
        const end = byte === doubleQuote ? readDouble(line, at + 1, word) : readSingle(line, at + 1, word);
        if (end < 0 || (end < line.length && !isBlank(line[end]))) return undefined;
        at = end;
        break;
      }
      word.push(byte);
      at++;
    }
    words.push(Uint8Array.from(word));
  }
}

/** Reads to the closing quote; returns the place after it, -1 when there is none. */
function readDouble(line: Uint8Array, from: number, word: number[]): number {
  for (let at = from; at < line.length; at++) {
    const byte = line[at] as number;
    if (byte === doubleQuote) return at + 1;
    if (byte !== backslash || at + 1 >= line.length) {
      word.push(byte);
      continue;
    }
    const hex = line[at + 1] === 120 ? hexByte(line, at + 2) : undefined;
    if (hex !== undefined) {
      word.push(hex);
      at += 3;
      continue;
    }
    const next = line[at + 1] as number;
    word.push(escapes.get(next) ?? next);
    at++;
  }
  return -1;
}

function readSingle(line: Uint8Array, from: number, word: number[]): number {
  for (let at = from; at < line.length; at++) {
    const byte = line[at] as number;
    if (byte === singleQuote) return at + 1;
    if (byte === backslash && line[at + 1] === singleQuote) at++;
    word.push(line[at] as number);
  }
  return -1;
}

function hexByte(line: Uint8Array, at: number): number | undefined {
  if (at + 2 > line.length) return undefined;
  const text = String.fromCharCode(line[at] as number, line[at + 1] as number);
  return /^[0-9a-fA-F]{2}$/.test(text) ? Number.parseInt(text, 16) : undefined;
}
