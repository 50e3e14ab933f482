import { copyBytes } from "../../memory/copy-bytes.ts";
import { earliestFieldTime } from "../../keyspace/field-times.ts";
import type { Address } from "../../memory/heap.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import * as record from "../../memory/record.ts";
import type { ObjectValue } from "../../memory/object-table.ts";
import type { RecordTable } from "../../memory/record-table.ts";
import * as integers from "../../values/integer-set.ts";
import { ListChunks, type ListSegment } from "../../values/list/list-chunks.ts";
import * as packed from "../../values/packed-list.ts";
import { earliestPackedTime, timePlace } from "../../values/packed-times.ts";
import type { SortedSet } from "../../values/sorted-set/sorted-set.ts";
import type { Stream } from "../../values/stream/stream.ts";
import { ElementText, elementSize } from "../../values/packed-element.ts";
import { encodeStream } from "./encode-stream.ts";
import { listpackOf } from "./listpack.ts";
import { listNode, rdbType } from "./rdb-types.ts";
import type { RdbWriter } from "./rdb-writer.ts";

const { encoding, valueType } = record;
const intsetHeaderBytes = 8;
/** Elements of a large value that are written in one step. */
const elementsPerPiece = 128;
/** Bytes of a long string that are written in one step. */
const bytesPerPiece = 64 * 1024;

/** Writes the value of a record, and gives its type, which RDB files have before the key. */
export class ValueEncoder {
  readonly #keyspace: Keyspace;
  readonly #writer: RdbWriter;
  readonly #words = new integers.IntegerWords();
  readonly #digits = new Uint8Array(integers.maxIntegerText);

  constructor(keyspace: Keyspace, writer: RdbWriter) {
    this.#keyspace = keyspace;
    this.#writer = writer;
  }

  /** The type of the value in RDB. */
  typeOf(address: Address): number {
    const { heap } = this.#keyspace;
    const isPacked = record.encodingOf(heap, address) < encoding.object;
    switch (record.typeOf(heap, address)) {
      case valueType.string:
        return rdbType.string;
      case valueType.list:
        return rdbType.listQuicklist2;
      case valueType.set:
        // Before version 11, packed sets of text have no type of their own.
        return record.encodingOf(heap, address) === encoding.integerSet ? rdbType.setIntset : rdbType.set;
      case valueType.sortedSet:
        return isPacked ? rdbType.sortedSetListpack : rdbType.sortedSet2;
      case valueType.hash:
        if (record.isTimed(heap, address)) return this.#timedHashType(address);
        return isPacked ? rdbType.hashListpack : rdbType.hash;
      default:
        return rdbType.streamListpacks2;
    }
  }

  /** A hash that may have times and has none is written in a form that Redis 7.0 can read. */
  #timedHashType(address: Address): number {
    if (earliestFieldTime(this.#keyspace, address) === Number.POSITIVE_INFINITY) return rdbType.hash;
    const isPacked = record.encodingOf(this.#keyspace.heap, address) < encoding.object;
    return isPacked ? rdbType.hashListpackTimes : rdbType.hashTimes;
  }

  /** Writes the value without its type. */
  write(address: Address): void {
    const { heap, objects } = this.#keyspace;
    const type = record.typeOf(heap, address);
    if (type === valueType.string) {
      this.#string(address);
    } else if (record.encodingOf(heap, address) < encoding.object) {
      this.#packed(type, address);
    } else {
      const pieces = this.#object(type, objects.get(record.valueLengthOf(heap, address)));
      while (pieces.next().done !== true);
    }
  }

  /** As `write`, but a large value is written in steps. It must not change before the end. */
  *pieces(address: Address): Generator<void, void> {
    const { heap, objects } = this.#keyspace;
    if (record.typeOf(heap, address) === valueType.string) yield* this.#longString(address);
    else if (record.encodingOf(heap, address) < encoding.object) this.write(address);
    else yield* this.#object(record.typeOf(heap, address), objects.get(record.valueLengthOf(heap, address)));
  }

  #object(type: number, value: ObjectValue): Generator<void, void> {
    if (type === valueType.list) return this.#list(value as ListChunks);
    if (type === valueType.set) return this.#set(value as RecordTable);
    if (type === valueType.hash) return this.#hash(value as RecordTable);
    if (type === valueType.sortedSet) return this.#sortedSet(value as SortedSet);
    return encodeStream(this.#writer, value as Stream);
  }

  #string(address: Address): void {
    const { heap } = this.#keyspace;
    const bytes = record.bytesOf(heap, address);
    const start = record.valueStartOf(heap, address);
    if (record.encodingOf(heap, address) === encoding.integer) {
      this.#words.read(bytes, start, 8);
      this.#writer.string(this.#digits, 0, this.#words.writeText(this.#digits, 0));
    } else {
      this.#writer.string(bytes, start, start + record.valueLengthOf(heap, address));
    }
  }

  /** The string is not compressed, because compression cannot be interrupted. */
  *#longString(address: Address): Generator<void, void> {
    const { heap } = this.#keyspace;
    const bytes = record.bytesOf(heap, address);
    const start = record.valueStartOf(heap, address);
    const end = start + record.valueLengthOf(heap, address);
    this.#writer.count(end - start);
    for (let at = start; at < end; at += bytesPerPiece) {
      this.#writer.raw(bytes, at, Math.min(end, at + bytesPerPiece));
      yield;
    }
  }

  #packed(type: number, address: Address): void {
    const { heap } = this.#keyspace;
    const writer = this.#writer;
    const bytes = record.bytesOf(heap, address);
    const start = record.valueStartOf(heap, address);
    const end = start + record.valueLengthOf(heap, address);
    if (type === valueType.set) {
      if (record.encodingOf(heap, address) === encoding.integerSet) this.#integerSet(bytes, start, end);
      else this.#packedSet(bytes, start, end);
      return;
    }
    if (type === valueType.list) {
      writer.count(1);
      writer.count(listNode.packed);
    } else if (record.isTimed(heap, address)) {
      const earliestMs = earliestPackedTime(bytes, start, end);
      if (earliestMs === Number.POSITIVE_INFINITY) {
        this.#packedPairs(bytes, start, end);
        return;
      }
      writer.milliseconds(earliestMs);
    }
    writer.string(listpackOf(bytes, packed.firstElement(start), end, packed.listCount(bytes, start, end)));
  }

  #integerSet(bytes: Uint8Array, start: number, end: number): void {
    const intset = new Uint8Array(intsetHeaderBytes + end - start - integers.integerSetHeaderBytes);
    const view = new DataView(intset.buffer);
    view.setUint32(0, integers.integerWidth(bytes, start), true);
    view.setUint32(4, integers.integerCount(bytes, start, end), true);
    copyBytes(bytes, start + integers.integerSetHeaderBytes, end, intset, intsetHeaderBytes);
    this.#writer.string(intset);
  }

  /** The fields and values of a packed hash that may have times, and has none. */
  #packedPairs(bytes: Uint8Array, start: number, end: number): void {
    this.#writer.count(packed.listCount(bytes, start, end) / 3);
    const text = new ElementText();
    for (let at = packed.firstElement(start); at < end; at += elementSize(bytes, at)) {
      for (const timeAt = timePlace(bytes, at); at < timeAt; at += elementSize(bytes, at)) {
        const { bytes: from, start: first, end: last } = text.read(bytes, at);
        this.#writer.string(from, first, last);
      }
    }
  }

  #packedSet(bytes: Uint8Array, start: number, end: number): void {
    this.#writer.count(packed.listCount(bytes, start, end));
    const text = new ElementText();
    for (let at = packed.firstElement(start); at < end; at += elementSize(bytes, at)) {
      const member = text.read(bytes, at);
      this.#writer.string(member.bytes, member.start, member.end);
    }
  }

  *#list(list: ListChunks): Generator<void, void> {
    const segment: ListSegment = { bytes: new Uint8Array(0), start: 0, end: 0, count: 0 };
    this.#writer.count(list.chunkCount);
    for (let chunk = 0; chunk < list.chunkCount; chunk++) {
      list.load(chunk, segment);
      this.#writer.count(listNode.packed);
      this.#writer.string(listpackOf(segment.bytes, segment.start, segment.end, segment.count));
      yield;
    }
  }

  *#set(members: RecordTable): Generator<void, void> {
    this.#writer.count(members.size);
    yield* walk(members, (member) => this.#key(member));
  }

  *#hash(fields: RecordTable): Generator<void, void> {
    const { heap } = this.#keyspace;
    const { earliestMs } = fields;
    const hasTimes = earliestMs !== Number.POSITIVE_INFINITY;
    if (hasTimes) this.#writer.milliseconds(earliestMs);
    this.#writer.count(fields.size);
    yield* walk(fields, (field) => {
      const timeMs = fields.timeOf(field);
      if (hasTimes) this.#writer.count(timeMs === 0 ? 0 : timeMs - earliestMs + 1);
      this.#key(field);
      const start = record.valueStartOf(heap, field);
      this.#writer.string(record.bytesOf(heap, field), start, start + record.valueLengthOf(heap, field));
    });
  }

  /** From the highest to the lowest score, as Redis does: its loader then inserts each before the others. */
  *#sortedSet(set: SortedSet): Generator<void, void> {
    const { size } = set;
    this.#writer.count(size);
    for (let left = size; left > 0; left -= elementsPerPiece) {
      set.tree.visit(Math.max(0, left - elementsPerPiece), left, true, (score, member) => {
        this.#key(member);
        this.#writer.double(score);
      });
      yield;
    }
  }

  #key(entry: Address): void {
    const { heap } = this.#keyspace;
    const start = record.keyStartOf(heap, entry);
    this.#writer.string(record.bytesOf(heap, entry), start, start + record.keyLengthOf(heap, entry));
  }
}

/** Visits every entry, some in each step. */
function* walk(table: RecordTable, visit: (entry: Address) => void): Generator<void, void> {
  let cursor = 0;
  let visited = 0;
  do {
    cursor = table.scan(cursor, (entry) => {
      visited++;
      visit(entry);
    });
    if (visited < elementsPerPiece) continue;
    visited = 0;
    yield;
  } while (cursor !== 0);
}
