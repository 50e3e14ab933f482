import type { ByteRange } from "../../memory/byte-range.ts";
import type { Heap } from "../../memory/heap.ts";
import { filled, type ObjectValue } from "../../memory/object-table.ts";
import { ConsumerGroup, unknownEntriesRead } from "./consumer-group.ts";
import { type Count64, minus, plus } from "./count-64.ts";
import { IdPlace } from "./id-map.ts";
import type { FieldSource } from "./block-writer.ts";
import { type BlockLimits, StreamBlocks } from "./stream-blocks.ts";
import { StreamCursor } from "./stream-cursor.ts";
import { StreamId } from "./stream-id.ts";

const lowest = new StreamId().setLowest();
const highest = new StreamId().setHighest();
/** The approximate number of entries in a block, because freeing is counted in elements. */
const entriesPerBlock = 100;
const objectBytes = 1500;

const cursor = new StreamCursor();
const place = new IdPlace();

/** A stream: its entries in blocks, facts about deleted entries, and its consumer groups. */
export class Stream implements ObjectValue {
  readonly #heap: Heap;
  readonly blocks: StreamBlocks;
  /** The number of live entries. */
  length = 0;
  readonly lastId = new StreamId();
  /** The id of the first live entry; 0-0 when there is none. */
  readonly firstId = new StreamId();
  /** The highest id that XDEL removed; 0-0 if none. */
  readonly maxDeletedId = new StreamId();
  /** The number of entries ever added. */
  entriesAdded: Count64 = 0;
  readonly #groups = new Map<string, ConsumerGroup>();

  constructor(heap: Heap) {
    this.#heap = heap;
    this.blocks = new StreamBlocks(heap);
  }

  get size(): number {
    return this.length;
  }

  /** Whether it has neither groups nor entries, and never had an entry. */
  get isUntouched(): boolean {
    return this.length === 0 && this.lastId.isZero && this.#groups.size === 0;
  }

  get memoryBytes(): number {
    let total = objectBytes + this.blocks.memoryBytes;
    for (const group of this.#groups.values()) total += group.memoryBytes;
    return total;
  }

  // --- entries ---

  /** Adds an entry, whose id must be greater than the last. Fields and values are `first` to `end` of the source. */
  append(id: StreamId, source: FieldSource, first: number, end: number, limits: BlockLimits): void {
    this.blocks.append(id, source, first, end, limits);
    this.lastId.copy(id);
    this.length++;
    if (this.length === 1) this.firstId.copy(id);
    this.entriesAdded = plus(this.entriesAdded, 1);
  }

  /** Adds a checked block of `length` live entries, whose ids must be greater than all others. */
  appendBlock(id: StreamId, run: ByteRange, length: number, firstId: StreamId): void {
    this.blocks.appendBlock(id, run);
    if (this.length === 0) this.firstId.copy(firstId);
    this.length += length;
  }

  /**
   * Adds blocks at the end that the caller has filled; see `StreamBlocks.adoptBlocks`. The seventh word of each is the
   * number of entries that are not deleted. Gives the number of all of these.
   */
  adoptBlocks(words: Int32Array, wordsPerBlock: number, bytes: number): number {
    let added = 0;
    for (let at = 6; at < words.length; at += wordsPerBlock) added += words[at] as number;
    this.blocks.adoptBlocks(words, wordsPerBlock, bytes);
    if (this.length === 0) this.findFirst();
    this.length += added;
    return added;
  }

  has(id: StreamId): boolean {
    cursor.begin(this.blocks, id, id, false);
    return cursor.next();
  }

  /** Deletes an entry; false when it is missing. */
  delete(id: StreamId): boolean {
    cursor.begin(this.blocks, id, id, false);
    if (!cursor.next()) return false;
    if (cursor.entry.liveCount === 1) this.blocks.remove(cursor.block);
    else this.blocks.markDeleted(cursor.block, cursor.entry, [cursor.entry.entryStart]);
    this.length--;
    if (id.compare(this.maxDeletedId) > 0) this.maxDeletedId.copy(id);
    if (id.compare(this.firstId) === 0) this.findFirst();
    return true;
  }

  /** To be called after entries at the front were removed. */
  findFirst(): void {
    cursor.begin(this.blocks, lowest, highest, false);
    if (cursor.next()) this.firstId.copy(cursor.entry.id);
    else this.firstId.setLowest();
  }

  /** Sets `id` to that of the last live entry; false when there is none. */
  findLast(id: StreamId): boolean {
    cursor.begin(this.blocks, lowest, highest, true);
    if (!cursor.next()) return false;
    id.copy(cursor.entry.id);
    return true;
  }

  // --- groups ---

  group(name: string): ConsumerGroup | undefined {
    return this.#groups.get(name);
  }

  addGroup(name: string, lastId: StreamId, entriesRead: Count64): void {
    const group = new ConsumerGroup(this.#heap);
    group.lastId.copy(lastId);
    group.entriesRead = entriesRead;
    this.#groups.set(name, group);
  }

  removeGroup(name: string): boolean {
    this.#groups.get(name)?.dispose();
    return this.#groups.delete(name);
  }

  get groupCount(): number {
    return this.#groups.size;
  }

  /** Names and groups in the order of the names, one character per byte. */
  groups(): [string, ConsumerGroup][] {
    return [...this.#groups].sort(([one], [other]) => (one < other ? -1 : 1));
  }

  // --- how far a group has read ---

  /** Whether XDEL may have removed entries with this id or higher ones, among the existing entries. */
  hasTombstonesFrom(id: StreamId): boolean {
    if (this.length === 0 || this.maxDeletedId.isZero || this.firstId.compare(this.maxDeletedId) > 0) return false;
    return id.compare(this.maxDeletedId) <= 0;
  }

  /** The number of entries added up to this id, if it is known without counting. */
  positionOf(id: StreamId): Count64 {
    if (this.entriesAdded === 0) return 0;
    const toLast = id.compare(this.lastId);
    if (toLast === 0 || (this.length === 0 && toLast < 0)) return this.entriesAdded;
    if (toLast > 0) return unknownEntriesRead;
    // If XDEL removed an entry among the live ones, the numbers of the entries in between are uncertain.
    if (!this.maxDeletedId.isZero && this.maxDeletedId.compare(this.firstId) >= 0) return unknownEntriesRead;
    const toFirst = id.compare(this.firstId);
    const before = plus(this.entriesAdded, -this.length);
    if (toFirst < 0) return before;
    return toFirst === 0 ? plus(before, 1) : unknownEntriesRead;
  }

  /** Records that a group has read an entry, and counts it. */
  advance(group: ConsumerGroup, id: StreamId): void {
    if (group.entriesRead !== unknownEntriesRead && !this.hasTombstonesFrom(id)) {
      group.entriesRead = plus(group.entriesRead, 1);
    } else if (this.entriesAdded !== 0) {
      group.entriesRead = this.positionOf(id);
    }
    group.lastId.copy(id);
  }

  /** The number of entries that the group has not read yet; undefined when it is unknown. */
  lagOf(group: ConsumerGroup): Count64 | undefined {
    if (this.entriesAdded === 0) return 0;
    const read =
      group.entriesRead !== unknownEntriesRead && !this.hasTombstonesFrom(group.lastId)
        ? group.entriesRead
        : this.positionOf(group.lastId);
    return read === unknownEntriesRead ? undefined : minus(this.entriesAdded, read);
  }

  // --- as a value ---

  release(budget: number): boolean {
    for (let left = budget; left > 0; left -= entriesPerBlock) {
      if (!this.blocks.index.last(place)) break;
      this.blocks.remove(place);
    }
    if (this.blocks.count > 0) return false;
    for (const name of [...this.#groups.keys()]) this.removeGroup(name);
    return true;
  }

  copy(): Stream {
    return filled(new Stream(this.#heap), (copy) => {
      this.blocks.copyInto(copy.blocks);
      copy.length = this.length;
      copy.lastId.copy(this.lastId);
      copy.firstId.copy(this.firstId);
      copy.maxDeletedId.copy(this.maxDeletedId);
      copy.entriesAdded = this.entriesAdded;
      for (const [name, group] of this.#groups) copy.#groups.set(name, group.copy());
    });
  }
}
