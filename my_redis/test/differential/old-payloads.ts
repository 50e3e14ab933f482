import { sealPayload } from "../../src/persistence/rdb/dump-payload.ts";
import { rdbType } from "../../src/persistence/rdb/rdb-types.ts";
import { RdbWriter } from "../../src/persistence/rdb/rdb-writer.ts";

/**
 * Payloads in the forms that Redis wrote before 7.0. They are made by hand, because no installed server writes them any
 * more.
 */

/** Ends bytes (a type and a value) as DUMP does. */
export function seal(bytes: Uint8Array): Buffer {
  const writer = new RdbWriter({ compresses: false });
  writer.raw(bytes);
  return Buffer.from(sealPayload(writer));
}

/** A payload of a type, with the bytes that `write` writes. */
function payload(type: number, write: (writer: RdbWriter) => void): Buffer {
  const writer = new RdbWriter({ compresses: true });
  writer.byte(type);
  write(writer);
  return Buffer.from(sealPayload(writer));
}

type Element = string | { readonly tag: number; readonly bytes: readonly number[] };

/** Integers of each width of a ziplist, and their values. */
const integers: readonly Element[] = [
  { tag: 0xf1, bytes: [] },
  { tag: 0xfd, bytes: [] },
  { tag: 0xfe, bytes: [0x9c] },
  { tag: 0xc0, bytes: [0x18, 0xfc] },
  { tag: 0xf0, bytes: [0x60, 0x79, 0xfe] },
  { tag: 0xd0, bytes: [0x00, 0x36, 0x65, 0xc4] },
  { tag: 0xe0, bytes: [1, 2, 3, 4, 5, 6, 7, 0x88] },
];

function ziplistElement(element: Element): number[] {
  if (typeof element !== "string") return [element.tag, ...element.bytes];
  const text = [...Buffer.from(element)];
  if (text.length < 64) return [text.length, ...text];
  if (text.length < 16384) return [0x40 | (text.length >>> 8), text.length & 255, ...text];
  const header = Buffer.alloc(5);
  header[0] = 0x80;
  header.writeUInt32BE(text.length, 1);
  return [...header, ...text];
}

function ziplist(elements: readonly Element[]): Uint8Array {
  const parts: Buffer[] = [];
  let before = 0;
  for (const element of elements) {
    const body = Buffer.from(ziplistElement(element));
    const head = Buffer.alloc(before < 254 ? 1 : 5, 254);
    if (before < 254) head[0] = before;
    else head.writeUInt32LE(before, 1);
    parts.push(Buffer.concat([head, body]));
    before = head.length + body.length;
  }
  const content = Buffer.concat(parts);
  const header = Buffer.alloc(10);
  header.writeUInt32LE(content.length + 11, 0);
  header.writeUInt32LE(10 + content.length - before, 4);
  header.writeUInt16LE(elements.length, 8);
  return Buffer.concat([header, content, Buffer.from([255])]);
}

const zipmap = Buffer.concat([
  Buffer.from([2, 1]),
  Buffer.from("f"),
  Buffer.from([3, 2]),
  Buffer.from("one--"),
  Buffer.from([254, 255, 0, 0, 0]),
  Buffer.from("g".repeat(255)),
  Buffer.from([0, 0, 255]),
]);

/** A score in the form that Redis wrote before 4.0. */
function textScore(writer: RdbWriter, score: string): void {
  writer.byte(score.length);
  writer.raw(Buffer.from(score));
}

const long = ["x".repeat(63), "y".repeat(64), "z".repeat(300), "w".repeat(20_000)];

export const oldPayloads: Readonly<Record<string, Buffer>> = {
  list: payload(rdbType.list, (writer) => {
    writer.count(3);
    for (const element of ["a", "-7", "the same, the same, the same, the same"]) writer.string(Buffer.from(element));
  }),
  listZiplist: payload(rdbType.listZiplist, (writer) => writer.string(ziplist(["", ...integers, ...long, "end"]))),
  listQuicklist: payload(rdbType.listQuicklist, (writer) => {
    writer.count(2);
    writer.string(ziplist(["a", "b", ...integers]));
    writer.string(ziplist(["c", ...long]));
  }),
  sortedSet: payload(rdbType.sortedSet, (writer) => {
    writer.count(4);
    for (const [at, score] of ["1.5", "-1e+20"].entries()) {
      writer.string(Buffer.from(`member ${at}`));
      textScore(writer, score);
    }
    for (const mark of [254, 255]) {
      writer.string(Buffer.from(`member ${mark}`));
      writer.byte(mark);
    }
  }),
  sortedSetZiplist: payload(rdbType.sortedSetZiplist, (writer) =>
    writer.string(ziplist(["a", "-inf", "b", "1.25", "c", integers[1] as Element, integers[2] as Element, "inf"])),
  ),
  hashZiplist: payload(rdbType.hashZiplist, (writer) =>
    writer.string(ziplist(["f", "v", "g", integers[4] as Element, integers[5] as Element, long[0] as string])),
  ),
  hashZipmap: payload(rdbType.hashZipmap, (writer) => writer.string(zipmap)),
};
