import { hex } from "../bytes.ts";
import type { Entry } from "../entry.ts";
import { type DisclosureHeader, headerLine } from "./header.ts";

const chunkLength = 64 * 1024;

export const entryLine = ({ number, pseudonym, time }: Entry): string => `[${number},"${hex(pseudonym)}",${time}]`;

export const endLine = (entries: number): string => `{"entries":${entries}}`;

/**
 * The text of a disclosure, in chunks of about 64 kB: the header, one line for each entry, and a last line that says how many they are.
 *
 * @param entries all entries, in the order of their numbers; may come from a database bit by bit
 */
export async function* writeDisclosure(
  header: DisclosureHeader,
  entries: AsyncIterable<Entry> | Iterable<Entry>,
): AsyncGenerator<string> {
  let chunk = `${headerLine(header)}\n`;
  let count = 0;
  for await (const entry of entries) {
    chunk += `${entryLine(entry)}\n`;
    count++;
    if (chunk.length >= chunkLength) {
      yield chunk;
      chunk = "";
    }
  }
  yield `${chunk}${endLine(count)}\n`;
}
