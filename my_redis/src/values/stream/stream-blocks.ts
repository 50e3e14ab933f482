import type { Address, Heap } from "../../keyspace/heap.ts";
import { bytesOf, recordStartOf } from "../../keyspace/record.ts";
import { copyBytes } from "../copy-bytes.ts";
import { elementSize, integerAt, PackedElement } from "../packed-element.ts";
import { type BlockReader, entryDeleted, entrySameFields } from "./block-reader.ts";
import { IdMap, IdPlace, idWords } from "./id-map.ts";
import type { StreamId } from "./stream-id.ts";

/** Field names and values of a new entry, in turn, by number. */
export interface FieldSource {
  readonly buffer: Uint8Array;
  start(index: number): number;
  end(index: number): number;
}

/** stream-node-max-bytes and stream-node-max-entries; 0 for no limit. */
export interface BlockLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** Bytes that a Redis node has besides its elements; they count against stream-node-max-bytes. */
const nodeHeaderBytes = 7;
const maxNodeBytes = 1 << 30;
const smallestBlockBytes = 64;
/** At most what an entry takes besides its fields: flags, two differences, two counts, and growth of the master's. */
const entryOverheadBytes = 64;
const masterOverheadBytes = 32;

const element = new PackedElement();

/** The blocks of one stream, in the order of their ids, in the heap. */
export class StreamBlocks {
  readonly #heap: Heap;
  /** Payload: address, bytes in use. */
  readonly #index: IdMap;
  readonly #tail = new IdPlace();
  #usedBytes = 0;

  constructor(heap: Heap, index = new IdMap(2)) {
    this.#heap = heap;
    this.#index = index;
  }

  get count(): number {
    return this.#index.size;
  }

  get memoryBytes(): number {
    return this.#usedBytes + this.#index.memoryBytes;
  }

  /** The places of the blocks, by the ids of their first entries. */
  get index(): IdMap {
    return this.#index;
  }

  /** Points a reader at a block. */
  read(place: IdPlace, reader: BlockReader): void {
    const address = this.#addressOf(place);
    const start = recordStartOf(address);
    this.#index.readId(place, reader.blockId);
    reader.open(bytesOf(this.#heap, address), start, start + this.#lengthOf(place));
  }

  #addressOf(place: IdPlace): Address {
    return (this.#index.wordsOf(place)[this.#index.offsetOf(place) + idWords] as number) | 0;
  }

  #lengthOf(place: IdPlace): number {
    return this.#index.wordsOf(place)[this.#index.offsetOf(place) + idWords + 1] as number;
  }

  #setBlock(place: IdPlace, address: Address, length: number): void {
    const words = this.#index.wordsOf(place);
    const at = this.#index.offsetOf(place) + idWords;
    words[at] = address;
    words[at + 1] = length;
  }

  // --- adding ---

  /** Adds an entry with the fields and values `first` to `end` of the source. The id must be after all others. */
  append(id: StreamId, source: FieldSource, first: number, end: number, limits: BlockLimits): void {
    let textBytes = 0;
    let packedBytes = entryOverheadBytes;
    for (let index = first; index < end; index++) {
      const length = source.end(index) - source.start(index);
      textBytes += length;
      packedBytes += length + (length < 64 ? 2 : length < 4096 ? 4 : 10);
    }
    const tail = this.#tail;
    const exists = this.#index.last(tail);
    const isNew = !exists || this.#isFull(tail, textBytes, limits);
    if (isNew) {
      if (exists) this.#shrink(tail);
      this.#begin(id, source, first, end, packedBytes);
    } else {
      this.#ensure(tail, packedBytes, limits);
    }
    const address = this.#addressOf(tail);
    const bytes = bytesOf(this.#heap, address);
    const start = recordStartOf(address);
    if (!isNew) this.#changeCounts(tail, 1, 0);
    const at = start + this.#lengthOf(tail);
    const sameFields = isNew || masterHasFields(bytes, start, source, first, end);
    const after = this.#writeEntry(bytes, at, tail, id, source, first, end, sameFields);
    this.#setBlock(tail, address, after - start);
  }

  /** Whether Redis, too, would begin a new node. */
  #isFull(place: IdPlace, textBytes: number, { maxBytes, maxEntries }: BlockLimits): boolean {
    const most = maxBytes === 0 || maxBytes > maxNodeBytes ? maxNodeBytes : maxBytes;
    if (this.#lengthOf(place) + nodeHeaderBytes + textBytes >= most) return true;
    if (maxEntries === 0) return false;
    const address = this.#addressOf(place);
    const bytes = bytesOf(this.#heap, address);
    const start = recordStartOf(address);
    // Deleted entries take room, too.
    return integerAt(bytes, start) + integerAt(bytes, start + elementSize(bytes, start)) >= maxEntries;
  }

  /** Adds a block whose master entry has these fields and counts one entry; leaves `#tail` at it. */
  #begin(id: StreamId, source: FieldSource, first: number, end: number, entryBytes: number): void {
    const heap = this.#heap;
    const address = heap.allocate(Math.max(smallestBlockBytes, masterOverheadBytes + entryBytes));
    this.#usedBytes += heap.capacity(address);
    const bytes = bytesOf(heap, address);
    const start = recordStartOf(address);
    let at = element.setInteger(1).write(bytes, start);
    at = element.setInteger(0).write(bytes, at);
    at = element.setInteger((end - first) / 2).write(bytes, at);
    for (let index = first; index < end; index += 2) {
      at = element.setBytes(source.buffer, source.start(index), source.end(index)).write(bytes, at);
    }
    at = element.setInteger(0).write(bytes, at);
    this.#index.insert(id, this.#tail);
    this.#setBlock(this.#tail, address, at - start);
  }

  #writeEntry(
    bytes: Uint8Array,
    at: number,
    place: IdPlace,
    id: StreamId,
    source: FieldSource,
    first: number,
    end: number,
    sameFields: boolean,
  ): number {
    const words = this.#index.wordsOf(place);
    const block = this.#index.offsetOf(place);
    at = element.setInteger(sameFields ? entrySameFields : 0).write(bytes, at);
    at = writeDifference(bytes, at, id.timeHigh, id.timeLow, words, block);
    at = writeDifference(bytes, at, id.sequenceHigh, id.sequenceLow, words, block + 2);
    const fields = (end - first) / 2;
    if (!sameFields) at = element.setInteger(fields).write(bytes, at);
    for (let index = sameFields ? first + 1 : first; index < end; index += sameFields ? 2 : 1) {
      at = element.setBytes(source.buffer, source.start(index), source.end(index)).write(bytes, at);
    }
    return element.setInteger(sameFields ? fields + 3 : fields * 2 + 4).write(bytes, at);
  }

  /** Makes room for more bytes at the end of a block. */
  #ensure(place: IdPlace, more: number, { maxBytes }: BlockLimits): void {
    const address = this.#addressOf(place);
    const length = this.#lengthOf(place);
    if (length + more <= this.#heap.capacity(address)) return;
    this.#move(place, Math.max(length + more, Math.min(length * 2, maxBytes === 0 ? length * 2 : maxBytes)));
  }

  #move(place: IdPlace, bytes: number): void {
    const heap = this.#heap;
    const address = this.#addressOf(place);
    const length = this.#lengthOf(place);
    const moved = heap.allocate(bytes);
    const start = recordStartOf(address);
    copyBytes(bytesOf(heap, address), start, start + length, bytesOf(heap, moved), recordStartOf(moved));
    this.#usedBytes += heap.capacity(moved) - heap.capacity(address);
    heap.free(address);
    this.#setBlock(place, moved, length);
  }

  /** A block that will not grow any more gives back what it does not need. */
  #shrink(place: IdPlace): void {
    const capacity = this.#heap.capacity(this.#addressOf(place));
    const length = this.#lengthOf(place);
    // Size classes are an eighth apart, so anything less would land in the same one, or nearly.
    if (length < capacity - capacity / 16) this.#move(place, length);
  }

  // --- removing ---

  /** Adds to the counts of the master entry, which may grow by it. */
  #changeCounts(place: IdPlace, live: number, deleted: number): void {
    const address = this.#addressOf(place);
    const bytes = bytesOf(this.#heap, address);
    const start = recordStartOf(address);
    const deletedAt = start + elementSize(bytes, start);
    const countsEnd = deletedAt + elementSize(bytes, deletedAt);
    const newLive = integerAt(bytes, start) + live;
    const newDeleted = integerAt(bytes, deletedAt) + deleted;
    const growth =
      element.setInteger(newLive).size + element.setInteger(newDeleted).size - (countsEnd - start);
    if (growth !== 0) {
      const length = this.#lengthOf(place);
      if (length + growth > this.#heap.capacity(address)) {
        this.#move(place, length + growth);
        this.#changeCounts(place, live, deleted);
        return;
      }
      bytes.copyWithin(countsEnd + growth, countsEnd, start + length);
      this.#setBlock(place, address, length + growth);
    }
    const at = element.setInteger(newLive).write(bytes, start);
    element.setInteger(newDeleted).write(bytes, at);
  }

  /**
   * Marks entries of one block as deleted; `entryStarts` are their places in the block. A block without a live entry
   * is removed. True when the block is still there.
   */
  markDeleted(place: IdPlace, reader: BlockReader, entryStarts: readonly number[]): boolean {
    if (entryStarts.length >= reader.liveCount) {
      this.remove(place);
      return false;
    }
    // The flags are a number below 128, which is its own byte.
    for (const at of entryStarts) reader.bytes[at] = (reader.bytes[at] as number) | entryDeleted;
    this.#changeCounts(place, -entryStarts.length, entryStarts.length);
    return true;
  }

  /** Removes a block; the place is then that of the next one. False when there is no next. */
  remove(place: IdPlace): boolean {
    const address = this.#addressOf(place);
    this.#usedBytes -= this.#heap.capacity(address);
    this.#heap.free(address);
    return this.#index.remove(place);
  }

  copy(): StreamBlocks {
    const heap = this.#heap;
    const copy = new StreamBlocks(heap, this.#index.copy());
    const place = new IdPlace();
    for (let more = this.#index.first(place); more; more = this.#index.next(place)) {
      const address = this.#addressOf(place);
      const length = this.#lengthOf(place);
      const copied = heap.allocate(length);
      const start = recordStartOf(address);
      copyBytes(bytesOf(heap, address), start, start + length, bytesOf(heap, copied), recordStartOf(copied));
      copy.#setBlock(place, copied, length);
      copy.#usedBytes += heap.capacity(copied);
    }
    return copy;
  }
}

/** Writes the number of two words less that of words[base] and words[base + 1]. */
function writeDifference(
  bytes: Uint8Array,
  at: number,
  high: number,
  low: number,
  words: Uint32Array,
  base: number,
): number {
  const baseLow = words[base + 1] as number;
  const borrow = low < baseLow ? 1 : 0;
  return element.setWords((high - (words[base] as number) - borrow) | 0, (low - baseLow) | 0).write(bytes, at);
}

/** Whether the fields are those of the block's master entry, in the same order. */
function masterHasFields(bytes: Uint8Array, start: number, source: FieldSource, first: number, end: number): boolean {
  let at = start + elementSize(bytes, start);
  at += elementSize(bytes, at);
  if (integerAt(bytes, at) !== (end - first) / 2) return false;
  at += elementSize(bytes, at);
  for (let index = first; index < end; index += 2) {
    if (!element.setBytes(source.buffer, source.start(index), source.end(index)).matches(bytes, at)) return false;
    at += elementSize(bytes, at);
  }
  return true;
}
