import {
  type KeptDocuments,
  MalformedDraw,
  parseAnnouncement,
  parseReceipt,
  parseSignedHead,
  type Report,
  verifyDraw,
} from "../index.ts";

/** What a visitor pasted; "" is nothing. */
export interface PastedTexts {
  readonly receipt: string;
  readonly announcement: string;
  readonly head: string;
}

/**
 * The whole check, in the visitor's browser: nothing is sent anywhere. Throws MalformedDraw, with a message for the visitor.
 *
 * @param progress gets how many bytes were read
 */
export async function checkFile(file: Blob, pasted: PastedTexts, progress: (bytes: number) => void): Promise<Report> {
  const receipt = parsePasted("The receipt", pasted.receipt, parseReceipt);
  const head = parsePasted("The signed head", pasted.head, (value) => parseSignedHead(value));
  const kept: KeptDocuments = {
    receipts: receipt === undefined ? [] : [receipt],
    announcement: parsePasted("The announcement", pasted.announcement, parseAnnouncement),
    heads: head === undefined ? [] : [head],
  };
  return verifyDraw(chunksOf(file, progress), { kept });
}

function parsePasted<Document>(name: string, text: string, parse: (value: unknown) => Document): Document | undefined {
  if (text.trim() === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MalformedDraw(`${name} is not whole: paste all of it, from { to }.`);
  }
  try {
    return parse(value);
  } catch (error) {
    throw new MalformedDraw(`${name} cannot be used: ${(error as Error).message}.`);
  }
}

/** Not every browser can loop over a stream. */
async function* chunksOf(file: Blob, progress: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const reader = file.stream().getReader();
  for (let read = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return;
    read += value.length;
    progress(read);
    yield value;
  }
}
