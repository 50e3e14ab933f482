import { MalformedDraw } from "../malformed.ts";

/**
 * The lines of a text in UTF-8, some at a time. Each line must have its end: a file that was cut off is found here.
 *
 * @param maxLength of a line, in UTF-16 units
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, maxLength: number): AsyncGenerator<string[]> {
  // Without these, wrong bytes would all be read as the same character, and a mark at the start would not be seen.
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest = "";
  let read = 0;
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      throw new MalformedDraw(`line ${read + 1} or one soon after it is not UTF-8`);
    }
  };
  for await (const chunk of chunks) {
    const lines = (rest + decode(chunk)).split("\n");
    rest = lines.pop() as string;
    const long = [...lines, rest].findIndex((line) => line.length > maxLength);
    if (long >= 0) throw new MalformedDraw(`line ${read + long + 1} has more than ${maxLength} characters`);
    read += lines.length;
    if (lines.length > 0) yield lines;
  }
  decode();
  if (rest !== "") throw new MalformedDraw(`line ${read + 1} has no end: the file was cut off`);
}
