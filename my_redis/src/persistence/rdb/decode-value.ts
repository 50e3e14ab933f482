import { parseDouble } from "../../values/double-text.ts";
import type { ByteRange } from "./byte-range.ts";
import { decodeHashListpackTimes, decodeHashTimes } from "./decode-field-times.ts";
import { decodeStream } from "./decode-stream.ts";
import { readListpack } from "./listpack.ts";
import { readIntset, readZiplist, readZipmap } from "./old-forms.ts";
import { EmptyCollectionError, RdbFormatError } from "./rdb-format-error.ts";
import type { RdbReader } from "./rdb-reader.ts";
import { listNode, rdbType } from "./rdb-types.ts";
import type { CollectionType, ValueVisitor } from "./value-visitor.ts";

type ReadPacked = (range: ByteRange, visit: (element: ByteRange) => void) => void;
type Decode = (reader: RdbReader, visitor: ValueVisitor) => void;

/** Reads a value of this type. Throws RdbFormatError. */
export function decodeValue(type: number, reader: RdbReader, visitor: ValueVisitor): void {
  const decode = decoders[type];
  if (decode === undefined) throw new RdbFormatError(`a value of the unknown type ${type}`);
  decode(reader, visitor);
}

/** Reads the number of elements of a collection, which has at least one. */
function begin(reader: RdbReader, visitor: ValueVisitor, type: CollectionType, leastBytes: number): number {
  const count = reader.countOf(leastBytes);
  if (count === 0) throw new EmptyCollectionError(type);
  visitor.begin(type, count);
  return count;
}

const decodeList: Decode = (reader, visitor) => {
  for (let left = begin(reader, visitor, "list", 1); left > 0; left--) visitor.element(reader.string());
};

const decodeSet: Decode = (reader, visitor) => {
  for (let left = begin(reader, visitor, "set", 1); left > 0; left--) visitor.member(reader.string());
};

const decodeHash: Decode = (reader, visitor) => {
  for (let left = begin(reader, visitor, "hash", 2); left > 0; left--) {
    const name = reader.string();
    visitor.field(name, reader.string(), 0);
  }
};

const decodeSortedSet =
  (readScore: (reader: RdbReader) => number): Decode =>
  (reader, visitor) => {
    for (let left = begin(reader, visitor, "sortedSet", 2); left > 0; left--) {
      const member = reader.string();
      visitor.scoredMember(member, checkedScore(readScore(reader)));
    }
  };

/** A score of Redis before 4.0: the length of its text in one byte, or one of three marks. */
function readTextScore(reader: RdbReader): number {
  const length = reader.byte();
  if (length === 255) return Number.NEGATIVE_INFINITY;
  if (length === 254) return Number.POSITIVE_INFINITY;
  return length === 253 ? Number.NaN : scoreOf(reader.raw(length));
}

const scoreOf = ({ bytes, start, end }: ByteRange): number => parseDouble(bytes, start, end);

function checkedScore(score: number): number {
  if (Number.isNaN(score)) throw new RdbFormatError("a score that is no number");
  return score;
}

/** Lists of nodes, each of packed elements or, where `mayBePlain`, of one element as it is. */
const decodeNodes =
  (readPacked: ReadPacked, mayBePlain: boolean): Decode =>
  (reader, visitor) => {
    let elements = 0;
    for (let left = begin(reader, visitor, "list", 1); left > 0; left--) {
      const form = mayBePlain ? reader.count() : listNode.packed;
      if (form === listNode.plain) {
        elements++;
        visitor.element(reader.string());
        continue;
      }
      if (form !== listNode.packed) throw new RdbFormatError(`a list node of the unknown form ${form}`);
      readPacked(reader.string(), (element) => {
        elements++;
        visitor.element(element);
      });
    }
    if (elements === 0) throw new EmptyCollectionError("list");
  };

/** A collection in one string of packed elements. */
const decodePacked =
  (type: CollectionType, readPacked: ReadPacked): Decode =>
  (reader, visitor) => {
    const range = reader.string();
    let elements = 0;
    let first: ByteRange | undefined;
    visitor.begin(type, 0);
    readPacked(range, (element) => {
      elements++;
      if (type === "list") visitor.element(element);
      else if (type === "set") visitor.member(element);
      else if (first === undefined) first = element;
      else {
        if (type === "hash") visitor.field(first, element, 0);
        else visitor.scoredMember(first, checkedScore(scoreOf(element)));
        first = undefined;
      }
    });
    if (elements === 0) throw new EmptyCollectionError(type);
    if (first !== undefined) throw new RdbFormatError(`the last piece of a ${type} has no counterpart`);
  };

const decoders: Readonly<Record<number, Decode>> = {
  [rdbType.string]: (reader, visitor) => visitor.string(reader.string()),
  [rdbType.list]: decodeList,
  [rdbType.set]: decodeSet,
  [rdbType.sortedSet]: decodeSortedSet(readTextScore),
  [rdbType.sortedSet2]: decodeSortedSet((reader) => reader.double()),
  [rdbType.hash]: decodeHash,
  [rdbType.hashZipmap]: decodePacked("hash", readZipmap),
  [rdbType.listZiplist]: decodePacked("list", readZiplist),
  [rdbType.setIntset]: decodePacked("set", readIntset),
  [rdbType.sortedSetZiplist]: decodePacked("sortedSet", readZiplist),
  [rdbType.hashZiplist]: decodePacked("hash", readZiplist),
  [rdbType.listQuicklist]: decodeNodes(readZiplist, false),
  [rdbType.listQuicklist2]: decodeNodes(readListpack, true),
  [rdbType.hashListpack]: decodePacked("hash", readListpack),
  [rdbType.sortedSetListpack]: decodePacked("sortedSet", readListpack),
  [rdbType.setListpack]: decodePacked("set", readListpack),
  [rdbType.hashTimesBefore74]: (reader, visitor) => decodeHashTimes(reader, visitor, false),
  [rdbType.hashListpackTimesBefore74]: (reader, visitor) => decodeHashListpackTimes(reader, visitor, false),
  [rdbType.hashTimes]: (reader, visitor) => decodeHashTimes(reader, visitor, true),
  [rdbType.hashListpackTimes]: (reader, visitor) => decodeHashListpackTimes(reader, visitor, true),
  [rdbType.streamListpacks]: (reader, visitor) => decodeStream(reader, visitor, 1),
  [rdbType.streamListpacks2]: (reader, visitor) => decodeStream(reader, visitor, 2),
  [rdbType.streamListpacks3]: (reader, visitor) => decodeStream(reader, visitor, 3),
};
