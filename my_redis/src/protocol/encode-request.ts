/** A request as an array of bulk strings. Text has one character per byte. */
export function encodeRequest(words: readonly (string | number)[]): Uint8Array {
  const bulks = words.map((word) => {
    const text = String(word);
    return `$${text.length}\r\n${text}\r\n`;
  });
  return Buffer.from(`*${words.length}\r\n${bulks.join("")}`, "latin1");
}

/** As `encodeRequest`, for words that may have any characters, for example passwords: they are sent as UTF-8. */
export const encodeTexts = (words: readonly (string | number)[]): Uint8Array =>
  encodeRequest(words.map((word) => Buffer.from(String(word), "utf8").toString("latin1")));
