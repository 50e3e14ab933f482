import { areAscending } from "../../values/integer-set.ts";
import { ElementRun } from "../../values/element-run.ts";
import { parseDouble } from "../../values/double-text.ts";
import { type ByteRange, emptyRange, latin1Of } from "../../memory/byte-range.ts";
import { decodeHashListpackTimes, decodeHashTimes } from "./decode-field-times.ts";
import { decodeStream } from "./decode-stream.ts";
import { collectElements } from "./collect-elements.ts";
import { checkListpack, readListpack } from "./listpack.ts";
import { openIntset, readIntset, readZiplist, readZipmap } from "./old-forms.ts";
import { EmptyCollectionError, RdbFormatError, repeated } from "./rdb-format-error.ts";
import type { RdbReader } from "./rdb-reader.ts";
import { listNode, rdbType } from "./rdb-types.ts";
import type { PackedType, ValueVisitor } from "../../collections/value-visitor.ts";

type ReadPacked = (range: ByteRange, visit: (element: ByteRange) => void) => void;
type Decode = (reader: RdbReader, visitor: ValueVisitor) => void;

/** Reads a value of this type. Throws RdbFormatError. */
export function decodeValue(type: number, reader: RdbReader, visitor: ValueVisitor): void {
  const decode = decoders[type];
  if (decode === undefined) throw new RdbFormatError(`a value of the unknown type ${type}`);
  decode(reader, visitor);
}

/** Reads the number of elements of a collection. Throws EmptyCollectionError for 0. */
function begin(reader: RdbReader, visitor: ValueVisitor, type: PackedType, leastBytes: number): number {
  const count = countOf(reader, type, leastBytes);
  visitor.begin(type, count);
  return count;
}

function countOf(reader: RdbReader, type: PackedType, leastBytes: number): number {
  const count = reader.countOf(leastBytes);
  if (count === 0) throw new EmptyCollectionError(type);
  return count;
}

const run = new ElementRun();
// The two strings of which a field, or a member with its score, is made.
const first = emptyRange();
const second = emptyRange();

const decodeList: Decode = (reader, visitor) => {
  for (let left = begin(reader, visitor, "list", 1); left > 0; left--) visitor.element(reader.string(first));
};

/**
 * Reads elements of a hash, set or sorted set: many at a time where the collection is large and the reader can do it,
 * otherwise one by one. No string that was read before is used any more.
 */
function readElements(reader: RdbReader, visitor: ValueVisitor, count: number, readOne: () => void): void {
  const table = count === 0 ? undefined : visitor.table();
  for (let left = count; left > 0;) {
    const taken = table === undefined ? 0 : reader.elements(table, left);
    left -= taken;
    if (taken > 0) continue;
    readOne();
    reader.settle();
    left--;
  }
  table?.finish();
}

const decodeSet: Decode = (reader, visitor) => {
  const count = countOf(reader, "set", 1);
  const { strings, isPacked } = collectElements(reader, count, run);
  // With integers at the front, it begins as a set of integers, which decides the order of its other members.
  if (isPacked && !run.beginsWithInteger && visitor.packed("set", run)) return;
  visitor.begin("set", count);
  for (const member of strings) takeMember(visitor, member);
  readElements(reader, visitor, count - strings.length, () => takeMember(visitor, reader.string(first)));
};

const decodeHash: Decode = (reader, visitor) => {
  readElements(reader, visitor, begin(reader, visitor, "hash", 2), () => {
    const name = reader.string(first);
    takeField(visitor, name, reader.string(second));
  });
};

const decodeSortedSet =
  (readScore: (reader: RdbReader) => number): Decode =>
  (reader, visitor) => {
    readElements(reader, visitor, begin(reader, visitor, "sortedSet", 2), () => {
      const member = reader.string(first);
      takeScored(visitor, member, readScore(reader));
    });
  };

/** A score of Redis before 4.0: the length of its text in one byte, or one of three marks. */
function readTextScore(reader: RdbReader): number {
  const length = reader.byte();
  if (length === 255) return Number.NEGATIVE_INFINITY;
  if (length === 254) return Number.POSITIVE_INFINITY;
  return length === 253 ? Number.NaN : scoreOf(reader.raw(length));
}

/** The number with which a text begins, as C's strtod reads it; NaN when there is none. */
function scoreOf(text: ByteRange): number {
  const score = parseDouble(text.bytes, text.start, text.end);
  if (!Number.isNaN(score)) return score;
  const [number = "nan"] = numberAtStart.exec(latin1Of(text)) ?? [];
  return /inf/i.test(number) ? (number.includes("-") ? -Infinity : Infinity) : Number(number);
}

const numberAtStart = /^\s*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf)/i;

/** A score among packed elements. As in Redis, text that is no number counts as 0. */
const packedScoreOf = (text: ByteRange): number => scoreOf(text) || 0;

function takeMember(visitor: ValueVisitor, member: ByteRange): void {
  if (!visitor.member(member)) throw repeated("member");
}

function takeField(visitor: ValueVisitor, name: ByteRange, value: ByteRange): void {
  if (!visitor.field(name, value, 0)) throw repeated("field");
}

function takeScored(visitor: ValueVisitor, member: ByteRange, score: number): void {
  if (Number.isNaN(score)) throw new RdbFormatError("a score that is no number");
  if (!visitor.scoredMember(member, score)) throw repeated("member");
}

/** Lists of nodes, each with packed elements or, where `mayBePlain`, with a single unpacked element. */
const decodeNodes =
  (readPacked: ReadPacked, mayBePlain: boolean): Decode =>
  (reader, visitor) => {
    const nodes = countOf(reader, "list", 1);
    if (nodes > 1) visitor.begin("list", nodes);
    const loaded = nodes > 1 ? visitor.listNodes() : undefined;
    let elements = 0;
    for (let left = nodes; left > 0; left--) {
      if (loaded !== undefined && mayBePlain) left -= reader.nodes(loaded, left);
      if (left === 0) break;
      const form = mayBePlain ? reader.count() : listNode.packed;
      if (form !== listNode.packed && form !== listNode.plain) {
        throw new RdbFormatError(`a list node of the unknown form ${form}`);
      }
      const range = reader.string(first);
      const isPacked = form === listNode.packed;
      const isChecked = isPacked && readPacked === readListpack && checkListpack(range, run);
      if (isChecked && nodes === 1 && visitor.packed("list", run)) return;
      if (nodes === 1) visitor.begin("list", nodes);
      if (isChecked) {
        elements += run.count;
        visitor.elements(run);
      } else if (isPacked) {
        readPacked(range, (element) => {
          elements++;
          visitor.element(element);
        });
      } else {
        elements++;
        visitor.element(range);
      }
      reader.settle();
    }
    if (elements === 0 && !loaded?.entries) throw new EmptyCollectionError("list");
  };

/** A collection in one string of packed elements. */
const decodePacked =
  (type: PackedType, readPacked: ReadPacked): Decode =>
  (reader, visitor) => {
    const range = reader.string(first);
    if (readPacked === readListpack && checkListpack(range, run) && visitor.packed(type, run)) return;
    decodePieces(type, readPacked, range, visitor);
  };

function decodePieces(type: PackedType, readPacked: ReadPacked, range: ByteRange, visitor: ValueVisitor): void {
  let elements = 0;
  let name: ByteRange | undefined;
  visitor.begin(type, 0);
  readPacked(range, (element) => {
    elements++;
    if (type === "list") visitor.element(element);
    else if (type === "set") takeMember(visitor, element);
    else if (name === undefined) name = element;
    else {
      if (type === "hash") takeField(visitor, name, element);
      else takeScored(visitor, name, packedScoreOf(element));
      name = undefined;
    }
  });
  if (elements === 0) throw new EmptyCollectionError(type);
  if (name !== undefined) throw new RdbFormatError(`the last piece of a ${type} has no counterpart`);
}

const decodeIntset: Decode = (reader, visitor) => {
  const range = reader.string(first);
  const { width, integers } = openIntset(range);
  if (!areAscending(integers, width)) throw new RdbFormatError("the integers of a set out of order");
  if (integers.end > integers.start && visitor.integers(width, integers)) return;
  decodePieces("set", readIntset, range, visitor);
};

const decoders: Readonly<Record<number, Decode>> = {
  [rdbType.string]: (reader, visitor) => reader.stringTo(visitor, first),
  [rdbType.list]: decodeList,
  [rdbType.set]: decodeSet,
  [rdbType.sortedSet]: decodeSortedSet(readTextScore),
  [rdbType.sortedSet2]: decodeSortedSet((reader) => reader.double()),
  [rdbType.hash]: decodeHash,
  [rdbType.hashZipmap]: decodePacked("hash", readZipmap),
  [rdbType.listZiplist]: decodePacked("list", readZiplist),
  [rdbType.setIntset]: decodeIntset,
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
