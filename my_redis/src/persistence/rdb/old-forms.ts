import { type ByteRange, digitsOf } from "../../memory/byte-range.ts";
import { RdbFormatError } from "./rdb-format-error.ts";
import { RdbReader } from "./rdb-reader.ts";

/**
 * Packed forms that Redis wrote before it had listpacks, and the packed integers of sets. All functions throw
 * RdbFormatError.
 */

const endMark = 255;
const longLengthMark = 254;

/**
 * A ziplist: size of the whole, place of the last element (4 bytes each), number of elements (2 bytes), elements, 255.
 * Each element begins with the size of the one before, in one byte or, after 254, in four.
 */
export function readZiplist(range: ByteRange, visit: (element: ByteRange) => void): void {
  const reader = new RdbReader(range);
  if (reader.littleEndian(4) !== range.end - range.start) throw new RdbFormatError("a ziplist of the wrong size");
  const last = range.start + reader.littleEndian(4);
  const count = reader.littleEndian(2);
  let seen = 0;
  let start = reader.at;
  let previousSize = 0;
  for (let first = reader.byte(); first !== endMark; first = reader.byte(), seen++) {
    if ((first === longLengthMark ? reader.littleEndian(4) : first) !== previousSize) {
      throw new RdbFormatError("a ziplist element with a wrong size of the one before");
    }
    const elementStart = reader.at - (first === longLengthMark ? 5 : 1);
    visit(ziplistElement(reader));
    start = elementStart;
    previousSize = reader.at - start;
  }
  if (seen > 0 && start !== last) throw new RdbFormatError("a ziplist whose last element is elsewhere");
  if (reader.left > 0 || (count !== 65535 && count !== seen)) throw new RdbFormatError("a ziplist with a wrong count");
}

function ziplistElement(reader: RdbReader): ByteRange {
  const tag = reader.byte();
  if (tag < 0x40) return reader.raw(tag);
  if (tag < 0x80) return reader.raw(((tag & 63) << 8) | reader.byte());
  // As in Redis, the other bits of this tag do not count.
  if (tag < 0xc0) return reader.raw(reader.bigEndian32());
  switch (tag) {
    case 0xc0:
      return digitsOf((reader.littleEndian(2) << 16) >> 16);
    case 0xd0:
      return digitsOf(reader.littleEndian(4) | 0);
    case 0xe0:
      return digitsOf(int64(reader));
    case 0xf0:
      return digitsOf((reader.littleEndian(3) << 8) >> 8);
    case 0xfe:
      return digitsOf((reader.byte() << 24) >> 24);
    default:
      if (tag > 0xf0 && tag < 0xfe) return digitsOf((tag & 15) - 1);
      throw new RdbFormatError(`a ziplist element that begins with ${tag}`);
  }
}

function int64(reader: RdbReader): bigint {
  const at = reader.skip(8);
  return new DataView(reader.bytes.buffer, reader.bytes.byteOffset + at, 8).getBigInt64(0, true);
}

/**
 * A zipmap, the packed hash of Redis 2.4: the number of fields, then each field, and each value with the number of
 * unused bytes after it. Lengths take one byte or, after 254, four. The end is a 255.
 */
export function readZipmap(range: ByteRange, visit: (element: ByteRange) => void): void {
  const reader = new RdbReader(range);
  const count = reader.byte();
  let seen = 0;
  for (let first = reader.byte(); first !== endMark; first = reader.byte(), seen++) {
    visit(reader.raw(zipmapLength(reader, first)));
    const valueLength = zipmapLength(reader, reader.byte());
    const unused = reader.byte();
    visit(reader.raw(valueLength));
    reader.skip(unused);
  }
  if (reader.left > 0) throw new RdbFormatError("bytes after the end of a zipmap");
  if (count !== longLengthMark && count !== seen) throw new RdbFormatError("a zipmap with a wrong count");
}

const zipmapLength = (reader: RdbReader, first: number): number =>
  first >= longLengthMark ? reader.littleEndian(4) : first;

/**
 * An integer set: size of each integer (2, 4 or 8 bytes), number of integers (4 bytes each), integers, all lowest byte
 * first.
 */
export function openIntset(range: ByteRange): { width: number; integers: ByteRange } {
  const reader = new RdbReader(range);
  const width = reader.littleEndian(4);
  const count = reader.littleEndian(4);
  if (![2, 4, 8].includes(width) || reader.left !== width * count) {
    throw new RdbFormatError(`an integer set of ${count} integers of ${width} bytes in ${reader.left} bytes`);
  }
  return { width, integers: { bytes: range.bytes, start: reader.at, end: range.end } };
}

export function readIntset(range: ByteRange, visit: (element: ByteRange) => void): void {
  const { width, integers } = openIntset(range);
  const reader = new RdbReader(integers);
  while (reader.left > 0) {
    if (width === 8) visit(digitsOf(int64(reader)));
    else visit(digitsOf(width === 2 ? (reader.littleEndian(2) << 16) >> 16 : reader.littleEndian(4) | 0));
  }
}
