import { fromHex } from "../bytes.ts";
import { canonicalJson } from "../canonical-json.ts";
import type { Entry } from "../entry.ts";
import { maxU32 } from "../fields.ts";
import { MalformedDraw, shown } from "../malformed.ts";
import { sha256 as defaultSha256, type Sha256 } from "../sha256.ts";
import { type DisclosureHeader, parseHeader } from "./header.ts";
import { linesOf } from "./lines.ts";
import { endLine } from "./write-disclosure.ts";

/** What happens to the parts of a disclosure, in the order of the file. */
export interface DisclosureVisitor {
  header(header: DisclosureHeader): void;
  entry(entry: Entry): void;
}

export interface ReadLimits {
  /** UTF-16 units in one line. */
  readonly maxLineLength?: number;
  readonly maxEntries?: number;
}

export const defaultReadLimits = { maxLineLength: 64 * 1024, maxEntries: 20_000_000 } as const;

/**
 * Reads a disclosure bit by bit. Each content has one text only: anything else throws MalformedDraw, which names the line. So two files
 * with the same meaning are the same file.
 */
export async function readDisclosure(
  chunks: AsyncIterable<Uint8Array>,
  visitor: DisclosureVisitor,
  { limits = {}, sha256 = defaultSha256 }: { readonly limits?: ReadLimits; readonly sha256?: Sha256 } = {},
): Promise<void> {
  const { maxLineLength, maxEntries } = { ...defaultReadLimits, ...limits };
  let [line, count, hasEnded] = [0, 0, false];
  const readLine = (text: string): void => {
    if (hasEnded) throw new MalformedDraw(`${shown(text)} stands after the end`);
    if (line === 1) return visitor.header(parseHeaderLine(text, sha256));
    const entry = parseEntryLine(text);
    if (entry !== undefined) {
      if (++count > maxEntries) throw new MalformedDraw(`there are more than ${maxEntries} entries`);
      return visitor.entry(entry);
    }
    const end = endLine(count);
    if (text !== end)
      throw new MalformedDraw(`${shown(text)} is neither an entry nor ${end}, which would be the end here`);
    hasEnded = true;
  };
  for await (const lines of linesOf(chunks, maxLineLength)) {
    for (const text of lines) {
      line++;
      inLine(line, () => readLine(text));
    }
  }
  if (!hasEnded) throw new MalformedDraw(`line ${line + 1} is missing: the file was cut off`);
}

function inLine(line: number, read: () => void): void {
  try {
    read();
  } catch (error) {
    throw error instanceof MalformedDraw ? new MalformedDraw(`line ${line}: ${error.message}`) : error;
  }
}

function parseHeaderLine(text: string, sha256: Sha256): DisclosureHeader {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MalformedDraw(`${shown(text)} is not JSON`);
  }
  const header = parseHeader(value, sha256);
  if (canonicalJson(value) !== text) {
    throw new MalformedDraw(
      "the header is not in the canonical form of RFC 8785, without spaces and with sorted names",
    );
  }
  return header;
}

const entryPattern = /^\[([1-9][0-9]{0,9}),"([0-9a-f]{32})",(0|[1-9][0-9]{0,15})\]$/;

/** Undefined if the line is not an entry. The pattern allows each entry one text only. */
function parseEntryLine(text: string): Entry | undefined {
  const match = entryPattern.exec(text);
  if (match === null) return undefined;
  const [number, time] = [Number(match[1]), Number(match[3])];
  if (number > maxU32) throw new MalformedDraw(`the entry's number is ${number}; it must be at most ${maxU32}`);
  if (!Number.isSafeInteger(time)) {
    throw new MalformedDraw(`the entry's time is ${match[3]}; it must be at most ${Number.MAX_SAFE_INTEGER}`);
  }
  return { number, pseudonym: fromHex(match[2] as string), time };
}
