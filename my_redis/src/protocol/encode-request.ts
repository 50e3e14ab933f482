/** A request as an array of bulk strings. Text has one character per byte. */
export function encodeRequest(words: readonly (string | number)[]): Uint8Array {
  const bulks = words.map((word) => {
    const text = String(word);
    return `$${text.length}\r\n${text}\r\n`;
  });
  return Buffer.from(`*${words.length}\r\n${bulks.join("")}`, "latin1");
}
