import type { Database } from "../keyspace/database.ts";
import type { ValueLimits } from "../keyspace/value-limits.ts";
import { filled } from "../memory/object-table.ts";
import type { Address, Heap } from "../memory/heap.ts";
import * as record from "../memory/record.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { ElementText, PackedElement } from "../values/packed-element.ts";
import * as list from "../values/packed-list.ts";
import { compareBytes, compareKeyWith } from "../values/sorted-set/compare-key.ts";
import { nextMember, packedScoreAt, placeFor, setScore } from "../values/sorted-set/packed-sorted-set.ts";
import { SortedSet } from "../values/sorted-set/sorted-set.ts";
import type { LexLimit } from "../values/sorted-set/lex-limit.ts";
import { createPacked } from "./create-packed.ts";

const member = new PackedElement();
const scoreElement = new PackedElement();
const text = new ElementText();
const oneMember = new Int32Array(1);
const oneScore = new Float64Array(1);

/** Called with a member, bytes[start, end), and its score. The bytes are valid during the call. */
export type VisitMember = (bytes: Uint8Array, start: number, end: number, score: number) => void;

/**
 * The sorted set of one key: members and scores in a packed list, or a `SortedSet` when it has grown beyond
 * zset-max-listpack-entries or -value. `attach` chooses the key.
 */
export class SortedSetValue {
  address: Address = 0;
  /** The score of the member that `find` found last. */
  score = 0;
  #database!: Database;
  #limits!: ValueLimits;
  #large: SortedSet | undefined;
  /** The result of `find`: a place relative to `start` in a packed sorted set, else an address. */
  #found = 0;
  /** The hash of the name that `find` looked for in a large sorted set. */
  #hash = 0;
  #expected = 0;

  attach(database: Database, address: Address): this {
    this.#database = database;
    this.#limits = database.keyspace.limits;
    this.address = address;
    const isPacked = record.encodingOf(database.keyspace.heap, address) === record.encoding.packed;
    this.#large = isPacked ? undefined : (database.objectOf(address) as SortedSet);
    this.#expected = 0;
    return this;
  }

  /** The structure of a large sorted set; undefined while it is packed. */
  get large(): SortedSet | undefined {
    return this.#large;
  }

  get heap(): Heap {
    return this.#database.keyspace.heap;
  }

  /** The memory of a packed sorted set. */
  get bytes(): Uint8Array {
    return record.bytesOf(this.#database.keyspace.heap, this.address);
  }

  get #start(): number {
    return record.valueStartOf(this.#database.keyspace.heap, this.address);
  }

  get #length(): number {
    return record.valueLengthOf(this.#database.keyspace.heap, this.address);
  }

  get size(): number {
    if (this.#large !== undefined) return this.#large.size;
    return list.listCount(this.bytes, this.#start, this.#start + this.#length) / 2;
  }

  /** The place in `bytes` of the member with this rank, in a packed sorted set. */
  packedPlace(rank: number): number {
    return list.elementPlace(this.bytes, this.#start, this.#start + this.#length, rank * 2);
  }

  /** Looks for a member. If it is found, `score` is its score. */
  find(source: Uint8Array, start: number, end: number): boolean {
    if (this.#large !== undefined) {
      this.#hash = this.#large.table.hashOf(source, start, end);
      this.#found = this.#large.table.findHashed(this.#hash, source, start, end);
      if (this.#found === 0) return false;
      this.score = this.#large.scoreOf(this.#found);
      return true;
    }
    member.setBytes(source, start, end);
    const [bytes, first] = [this.bytes, this.#start];
    const at = list.findElement(bytes, list.firstElement(first), first + this.#length, member, 1);
    if (at < 0) return false;
    this.#found = at - first;
    this.score = packedScoreAt(bytes, at);
    return true;
  }

  /** Adds source[start, end). It must not be a member: `find` must have returned false for it before. */
  add(source: Uint8Array, start: number, end: number, score: number): void {
    const { "zset-max-listpack-entries": maxEntries, "zset-max-listpack-value": maxBytes } = this.#limits;
    if (this.#large !== undefined) {
      this.#large.addHashed(this.#hash, source, start, end, score);
    } else if (this.size >= maxEntries || end - start > maxBytes) {
      this.#becomeLarge().add(source, start, end, score);
    } else {
      this.#addPacked(source, start, end, score);
    }
  }

  #addPacked(source: Uint8Array, start: number, end: number, score: number): void {
    member.setBytes(source, start, end);
    setScore(scoreElement, score);
    const length = this.#length;
    const added = member.size + scoreElement.size;
    this.#resize(length + added);
    const [bytes, first] = [this.bytes, this.#start];
    const last = first + length;
    const at = placeFor(bytes, first, last, score, source, start, end);
    if (at < last) bytes.copyWithin(at + added, at, last);
    scoreElement.write(bytes, member.write(bytes, at));
    list.addToListCount(bytes, first, last + added, 2);
  }

  /** Changes the score of the member source[start, end), which `find` has just found. */
  update(source: Uint8Array, start: number, end: number, score: number): void {
    if (this.#large !== undefined) {
      this.#large.update(this.#found, score);
    } else {
      this.#cut(this.#found, 1);
      this.#addPacked(source, start, end, score);
    }
  }

  /** Removes the member that `find` has just found. A set without members must be deleted: see `deleteIfEmpty`. */
  removeFound(): void {
    if (this.#large !== undefined) this.#large.remove(this.#found);
    else this.#cut(this.#found, 1);
  }

  #cut(offset: number, count: number): void {
    const first = this.#start;
    this.#resize(list.removeElements(this.bytes, first, first + this.#length, first + offset, count * 2) - first);
  }

  #resize(length: number): void {
    this.address = this.#database.resizeValue(this.address, length);
  }

  /** Prepares for so many members: when the set becomes large, it has room for them. */
  expect(count: number): void {
    this.#expected = count;
  }

  /** The large form, if so many members are expected that the set gets it. */
  expectedLarge(): SortedSet | undefined {
    if (this.#large !== undefined || this.#expected <= this.#limits["zset-max-listpack-entries"]) return this.#large;
    return this.#becomeLarge();
  }

  #becomeLarge(): SortedSet {
    const { heap, hasher } = this.#database.keyspace;
    this.#large = filled(new SortedSet(heap, hasher), (large) => {
      large.table.reserve(Math.max(this.size + 1, this.#expected));
      this.visit(0, this.size, false, (bytes, start, end, score) => large.add(bytes, start, end, score));
      this.address = this.#database.becomeObject(this.address, large);
    });
    return this.#large;
  }

  /** Removes the members with the ranks [from, to). */
  removeRanks(from: number, to: number): void {
    if (to <= from) return;
    const large = this.#large;
    if (large === undefined) {
      this.#cut(this.packedPlace(from) - this.#start, to - from);
      return;
    }
    // Mostly one at a time, by ZPOPMIN and similar commands.
    const members = to - from === 1 ? oneMember : new Int32Array(to - from);
    large.tree.read(from, to - from, members, to - from === 1 ? oneScore : new Float64Array(to - from));
    for (const address of members) large.remove(address);
  }

  /** Deletes the key (argument `keyIndex`) when no member is left, and notifies of it. */
  deleteIfEmpty(args: Arguments, keyIndex: number): void {
    if (this.size > 0) return;
    this.#database.remove(this.address);
    this.#database.announce(args, keyIndex, "del");
  }

  /** The rank of the member that `find` has just found. The lowest member has rank 0. */
  rankOfFound(): number {
    const large = this.#large;
    if (large === undefined) {
      const bytes = this.bytes;
      const wanted = this.#start + this.#found;
      let rank = 0;
      for (let at = list.firstElement(this.#start); at < wanted; at = nextMember(bytes, at)) rank++;
      return rank;
    }
    const { heap } = this.#database.keyspace;
    const { score } = this;
    const found = this.#found;
    const key = record.bytesOf(heap, found);
    const start = record.keyStartOf(heap, found);
    const end = start + record.keyLengthOf(heap, found);
    return large.tree.countWhile(
      (other, address) => other < score || (other === score && compareKeyWith(heap, address, key, start, end) < 0),
    );
  }

  /** The number of members with a lower score; with `orEqual` also those with this score. */
  countBelow(limit: number, orEqual: boolean): number {
    if (this.#large !== undefined) return this.#large.tree.countBelow(limit, orEqual);
    const precedes = orEqual ? (score: number) => score <= limit : (score: number) => score < limit;
    const bytes = this.bytes;
    const end = this.#start + this.#length;
    let count = 0;
    for (let at = list.firstElement(this.#start); at < end && precedes(packedScoreAt(bytes, at)); count++) {
      at = nextMember(bytes, at);
    }
    return count;
  }

  /**
   * The number of members before a limit of a range by name; with `orEqual` also the member at the limit. They are all
   * at the beginning.
   */
  countBeforeName(limit: LexLimit, orEqual: boolean): number {
    if (limit.kind !== "name") return limit.kind === "lowest" ? 0 : this.size;
    const { bytes: name } = limit;
    const bound = orEqual ? 0 : -1;
    if (this.#large !== undefined) {
      const { heap } = this.#database.keyspace;
      return this.#large.tree.countWhile(
        (_score, address) => compareKeyWith(heap, address, name, 0, name.length) <= bound,
      );
    }
    const bytes = this.bytes;
    const end = this.#start + this.#length;
    let count = 0;
    for (let at = list.firstElement(this.#start); at < end; at = nextMember(bytes, at), count++) {
      const its = text.read(bytes, at);
      if (Math.sign(compareBytes(its.bytes, its.start, its.end, name, 0, name.length)) > bound) break;
    }
    return count;
  }

  /** Visits the members with the ranks [from, to), forwards or backwards. The visitor must not change the set. */
  visit(from: number, to: number, backwards: boolean, visit: VisitMember): void {
    if (to <= from) return;
    const large = this.#large;
    if (large === undefined) {
      this.#visitPacked(from, to, backwards, visit);
      return;
    }
    const { heap } = this.#database.keyspace;
    large.tree.visit(from, to, backwards, (score, address) => {
      const start = record.keyStartOf(heap, address);
      visit(record.bytesOf(heap, address), start, start + record.keyLengthOf(heap, address), score);
    });
  }

  #visitPacked(from: number, to: number, backwards: boolean, visit: VisitMember): void {
    const bytes = this.bytes;
    const places: number[] = [];
    let at = this.packedPlace(from);
    for (let rank = from; rank < to; rank++, at = nextMember(bytes, at)) places.push(at);
    if (backwards) places.reverse();
    for (const place of places) {
      const score = packedScoreAt(bytes, place);
      const name = text.read(bytes, place);
      visit(name.bytes, name.start, name.end, score);
    }
  }
}

const shared = new SortedSetValue();

/**
 * The sorted set at the key of argument `index`, for a command that reads; undefined when the key is missing. Throws
 * WRONGTYPE.
 */
export function readSortedSet(database: Database, args: Arguments, index = 1): SortedSetValue | undefined {
  const address = database.readTyped(args, index, record.valueType.sortedSet);
  return address === 0 ? undefined : shared.attach(database, address);
}

/** As `readSortedSet`, for a command that writes. */
export function findSortedSet(database: Database, args: Arguments, index = 1): SortedSetValue | undefined {
  const address = database.writeTyped(args, index, record.valueType.sortedSet);
  return address === 0 ? undefined : shared.attach(database, address);
}

/** Creates an empty sorted set for a missing key; the caller must add a member. */
export function createSortedSet(database: Database, args: Arguments, index: number): SortedSetValue {
  return shared.attach(database, createPacked(database, args, index, record.valueType.sortedSet, 0));
}
