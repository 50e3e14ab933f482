import type { Database } from "../keyspace/database.ts";
import { filled } from "../memory/object-table.ts";
import type { Address } from "../memory/heap.ts";
import * as record from "../memory/record.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { copyBytes } from "../memory/copy-bytes.ts";
import { ListChunks, type ListSegment } from "../values/list/list-chunks.ts";
import { type ListLimits, listLimits } from "../values/list/list-limits.ts";
import { elementSize, type PackedElement, previousElement } from "../values/packed-element.ts";
import type { ElementRun } from "../values/element-run.ts";
import * as packed from "../values/packed-list.ts";
import { createPacked } from "./create-packed.ts";

export type ListEnd = "head" | "tail";

/**
 * The list of one key: packed elements in the record, or chunks of them when the list has grown beyond
 * list-max-listpack-size. Both are seen as numbered segments; a packed list has one. A loaded `segment` is valid until
 * the list changes. All commands share a few objects, which are attached to the key in question.
 */
export class ListValue {
  address: Address = 0;
  /** The segment that was loaded last. */
  readonly segment: ListSegment = { bytes: new Uint8Array(0), start: 0, end: 0, count: 0 };
  #database!: Database;
  #limits!: ListLimits;
  #chunks: ListChunks | undefined;

  attach(database: Database, address: Address): this {
    this.#database = database;
    this.#limits = listLimits(database.keyspace.limits["list-max-listpack-size"]);
    this.address = address;
    const isPacked = record.encodingOf(database.keyspace.heap, address) === record.encoding.packed;
    this.#chunks = isPacked ? undefined : (database.objectOf(address) as ListChunks);
    return this;
  }

  get size(): number {
    if (this.#chunks !== undefined) return this.#chunks.size;
    return packed.listCount(this.#bytes, this.#start, this.#end);
  }

  get #bytes(): Uint8Array {
    return record.bytesOf(this.#database.keyspace.heap, this.address);
  }

  get #start(): number {
    return record.valueStartOf(this.#database.keyspace.heap, this.address);
  }

  get #end(): number {
    return this.#start + record.valueLengthOf(this.#database.keyspace.heap, this.address);
  }

  // --- looking ---

  get segmentCount(): number {
    return this.#chunks === undefined ? 1 : this.#chunks.chunkCount;
  }

  load(number: number): ListSegment {
    const segment = this.segment;
    if (this.#chunks !== undefined) {
      this.#chunks.load(number, segment);
      return segment;
    }
    segment.bytes = this.#bytes;
    segment.start = packed.firstElement(this.#start);
    segment.end = this.#end;
    segment.count = packed.listCount(segment.bytes, this.#start, segment.end);
    return segment;
  }

  // --- changing ---

  /** To be called before elements are added: a packed list that would exceed the limit gets chunks. */
  growBy(bytes: number, count: number): void {
    if (this.#chunks !== undefined) return;
    const used = this.#end - packed.firstElement(this.#start);
    if (this.#limits.exceeded(used + bytes, this.size + count)) this.becomeChunks();
  }

  /** Makes chunks of a packed list. */
  becomeChunks(): ListChunks {
    this.#chunks = filled(new ListChunks(this.#database.keyspace.heap), (chunks) => {
      const { bytes, start, end, count } = this.load(0);
      if (count > 0) chunks.appendChunk(bytes, start, end, count, this.#limits);
      this.address = this.#database.becomeObject(this.address, chunks);
    });
    return this.#chunks;
  }

  /** Adds checked elements at the tail. */
  append(run: ElementRun): void {
    const { bytes, start, end, count } = run;
    this.growBy(end - start, count);
    if (this.#chunks === undefined || this.#limits.exceeded(end - start, count)) this.pushAll(run);
    else this.#chunks.appendChunk(bytes, start, end, count, this.#limits);
  }

  /** Adds checked elements at the tail, as one by one, after `growBy`. */
  pushAll({ bytes, start, end, count }: ElementRun): void {
    if (this.#chunks !== undefined) {
      this.#chunks.pushAll(bytes, start, end, count, this.#limits);
      return;
    }
    const length = this.#end - this.#start;
    const grown = length + end - start;
    this.#resize(grown);
    const to = this.#start;
    copyBytes(bytes, start, end, this.#bytes, to + length);
    packed.addToListCount(this.#bytes, to, to + grown, count);
  }

  push(end: ListEnd, element: PackedElement): void {
    if (this.#chunks === undefined) {
      this.#insertPacked(end === "head" ? 0 : this.#end - packed.firstElement(this.#start), element);
    } else if (end === "head") {
      this.#chunks.pushHead(element, this.#limits);
    } else {
      this.#chunks.pushTail(element, this.#limits);
    }
  }

  /** Inserts an element before the one that is `offset` bytes after the start of a segment. */
  insert(segment: number, offset: number, element: PackedElement): void {
    if (this.#chunks === undefined) this.#insertPacked(offset, element);
    else this.#chunks.insert(segment, offset, element, this.#limits);
  }

  #insertPacked(offset: number, element: PackedElement): void {
    const length = this.#end - this.#start;
    this.#resize(length + element.size);
    const start = this.#start;
    packed.insertElement(this.#bytes, start, start + length, packed.firstElement(start) + offset, element);
  }

  #resize(length: number): void {
    this.address = this.#database.resizeValue(this.address, length);
  }

  /**
   * Removes `count` elements of a segment, starting `offset` bytes after its start. True when the segment is gone with
   * them: then the next segment has its number.
   */
  remove(segment: number, offset: number, count: number): boolean {
    const { bytes, start } = this.load(segment);
    if (this.#chunks === undefined) {
      const newEnd = packed.removeElements(bytes, this.#start, this.#end, start + offset, count);
      const length = newEnd - this.#start;
      this.#resize(length);
      return length === packed.listHeaderBytes;
    }
    let end = start + offset;
    if (count === this.segment.count) end = this.segment.end;
    else for (let left = count; left > 0; left--) end += elementSize(bytes, end);
    return this.#chunks.remove(segment, offset, end - start - offset, count);
  }

  replace(segment: number, offset: number, element: PackedElement): void {
    const gone = this.remove(segment, offset, 1);
    if (!gone || segment < this.segmentCount) this.insert(segment, gone ? 0 : offset, element);
    else this.push("tail", element);
  }

  /** Removes `count` elements from one end; the list must have that many. */
  cut(end: ListEnd, count: number): void {
    let left = count;
    while (left > 0) {
      const number = end === "head" ? 0 : this.segmentCount - 1;
      const { bytes, start, end: segmentEnd, count: here } = this.load(number);
      const taken = Math.min(left, here);
      let at = end === "head" || taken === here ? start : segmentEnd;
      if (at === segmentEnd) for (let back = taken; back > 0; back--) at = previousElement(bytes, at);
      this.remove(number, at - start, taken);
      left -= taken;
    }
  }

  /**
   * To be called after elements were removed: deletes the key of an empty list, and packs a list that has become small.
   */
  settle(args: Arguments, keyIndex: number): void {
    if (this.size > 0) {
      this.packIfSmall();
      return;
    }
    this.#database.remove(this.address);
    this.#database.announce(args, keyIndex, "del");
  }

  packIfSmall(): void {
    if (this.#chunks?.chunkCount !== 1) return;
    const { bytes, start, end, count } = this.load(0);
    if (!this.#limits.isWellBelow(end - start, count)) return;
    const { heap, objects } = this.#database.keyspace;
    const chunks = objects.remove(record.valueLengthOf(heap, this.address));
    record.setKind(heap, this.address, record.valueType.list, record.encoding.packed);
    record.setValueLength(heap, this.address, 0);
    this.#chunks = undefined;
    this.#resize(packed.listHeaderBytes + end - start);
    packed.setListCount(this.#bytes, this.#start, count);
    copyBytes(bytes, start, end, this.#bytes, packed.firstElement(this.#start));
    this.#database.keyspace.releaseLater(chunks);
  }
}

const shared = new ListValue();
const target = new ListValue();

/**
 * The list at the key of argument `index`, for a command that reads; undefined when the key is missing. Throws
 * WRONGTYPE.
 */
export function readList(database: Database, args: Arguments, index = 1): ListValue | undefined {
  const address = database.readTyped(args, index, record.valueType.list);
  return address === 0 ? undefined : shared.attach(database, address);
}

/** As `readList`, for a command that writes. */
export function findList(database: Database, args: Arguments, index = 1): ListValue | undefined {
  const address = database.writeTyped(args, index, record.valueType.list);
  return address === 0 ? undefined : shared.attach(database, address);
}

/** As `findList`, for the list that elements are moved to. It is another object than the one of `findList`. */
export function findTargetList(database: Database, args: Arguments, index: number): ListValue | undefined {
  const address = database.writeTyped(args, index, record.valueType.list);
  return address === 0 ? undefined : target.attach(database, address);
}

/**
 * Creates an empty list for a missing key; the caller must add an element. Elements of `expectedBytes` bytes will
 * follow.
 */
export function createList(database: Database, args: Arguments, index: number, expectedBytes: number): ListValue {
  return target.attach(database, createPacked(database, args, index, record.valueType.list, expectedBytes));
}
