import type { ByteRange } from "../../memory/byte-range.ts";
import type { Address, Heap } from "../../memory/heap.ts";
import { bytesOf, recordStartOf } from "../../memory/record.ts";
import { copyBytes } from "../../memory/copy-bytes.ts";
import { elementSize, integerAt, PackedElement } from "../packed-element.ts";
import { type BlockReader, entryDeleted } from "./block-reader.ts";
import {
  entryBytesBound,
  type FieldSource,
  masterHasFields,
  masterOverheadBytes,
  writeEntry,
  writeMaster,
} from "./block-writer.ts";
import { IdMap, IdPlace, idWords } from "./id-map.ts";
import { StreamId } from "./stream-id.ts";

/** stream-node-max-bytes and stream-node-max-entries; 0 for no limit. */
export interface BlockLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** Bytes of a Redis node besides its elements; they count for stream-node-max-bytes. */
const nodeHeaderBytes = 7;
const maxNodeBytes = 1 << 30;
const smallestBlockBytes = 64;
const noWords = new Uint32Array(0);
const element = new PackedElement();

/** The blocks of one stream, in the order of their ids, in the heap. */
export class StreamBlocks {
  readonly #heap: Heap;
  /** Payload of each block: its address, and its bytes in use. */
  readonly #index: IdMap;
  #usedBytes = 0;

  // The last block, where entries are added. It is known from one addition to the next, until a block changes in
  // another way.
  readonly #tail = new IdPlace();
  #tailAddress: Address = 0;
  #tailCapacity = 0;
  #tailWords: Uint32Array = noWords;
  #tailOffset = 0;

  constructor(heap: Heap, index = new IdMap(2, heap)) {
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

  /**
   * Adds an entry with the fields and values `first` to `end` of the source. Its id must be greater than all others.
   */
  append(id: StreamId, source: FieldSource, first: number, end: number, limits: BlockLimits): void {
    const needed = entryBytesBound(source, first, end);
    if (this.#tailAddress === 0) this.#findTail();
    const isNew = this.#tailAddress === 0 || this.#isFull(source, first, end, limits);
    if (isNew) this.#begin(id, source, first, end, needed);
    else this.#ensure(needed, limits);
    const address = this.#tailAddress;
    const words = this.#tailWords;
    const block = this.#tailOffset;
    const bytes = bytesOf(this.#heap, address);
    const start = recordStartOf(address);
    if (!isNew) this.#changeCounts(this.#tail, 1, 0);
    const at = start + (words[block + idWords + 1] as number);
    const sameFields = isNew || masterHasFields(bytes, start, source, first, end);
    words[block + idWords + 1] = writeEntry(bytes, at, words, block, id, source, first, end, sameFields) - start;
  }

  /** Adds a block of checked entries. Its id must be greater than those of all entries. */
  appendBlock(id: StreamId, { bytes, start, end }: ByteRange): void {
    const heap = this.#heap;
    const address = heap.allocate(end - start);
    copyBytes(bytes, start, end, bytesOf(heap, address), recordStartOf(address));
    this.#index.insert(id, this.#tail);
    this.#setBlock(this.#tail, address, end - start);
    this.#usedBytes += heap.capacity(address);
    this.#tailAddress = 0;
  }

  /**
   * As `appendBlock`, with blocks of the heap that the caller has filled. The words of each begin with the four of its
   * id, its address, and its length. They take `bytes` of the heap.
   */
  adoptBlocks(words: Int32Array, wordsPerBlock: number, bytes: number): void {
    this.#index.append(words, wordsPerBlock);
    this.#usedBytes += bytes;
    this.#tailAddress = 0;
  }

  /** Looks up the last block, if there is one. */
  #findTail(): void {
    if (!this.#index.last(this.#tail)) return;
    this.#tailAddress = this.#addressOf(this.#tail);
    this.#tailCapacity = this.#heap.capacity(this.#tailAddress);
    this.#tailWords = this.#index.wordsOf(this.#tail);
    this.#tailOffset = this.#index.offsetOf(this.#tail);
  }

  /** Whether Redis would begin a new node for this entry, too. */
  #isFull(source: FieldSource, first: number, end: number, { maxBytes, maxEntries }: BlockLimits): boolean {
    let total = (this.#tailWords[this.#tailOffset + idWords + 1] as number) + nodeHeaderBytes;
    for (let index = first; index < end; index++) total += source.end(index) - source.start(index);
    if (total >= (maxBytes === 0 || maxBytes > maxNodeBytes ? maxNodeBytes : maxBytes)) return true;
    if (maxEntries === 0) return false;
    const bytes = bytesOf(this.#heap, this.#tailAddress);
    const start = recordStartOf(this.#tailAddress);
    // Deleted entries count, too.
    return integerAt(bytes, start) + integerAt(bytes, start + elementSize(bytes, start)) >= maxEntries;
  }

  /** Adds a block whose master entry has these fields and counts one entry. */
  #begin(id: StreamId, source: FieldSource, first: number, end: number, entryBytes: number): void {
    const heap = this.#heap;
    // As large as the block before, which probably is similar, with room for the largest possible entry: so it need not
    // be copied to grow.
    const expected = this.#tailAddress === 0 ? smallestBlockBytes : this.#lengthOf(this.#tail) + entryBytes;
    if (this.#tailAddress !== 0) this.#shrink(this.#tail);
    const address = heap.allocate(Math.max(expected, masterOverheadBytes + entryBytes));
    this.#usedBytes += heap.capacity(address);
    const start = recordStartOf(address);
    const after = writeMaster(bytesOf(heap, address), start, source, first, end);
    this.#index.insert(id, this.#tail);
    this.#setBlock(this.#tail, address, after - start);
    this.#findTail();
  }

  /** Makes room for more bytes at the end of the last block. */
  #ensure(more: number, { maxBytes }: BlockLimits): void {
    const length = this.#tailWords[this.#tailOffset + idWords + 1] as number;
    if (length + more <= this.#tailCapacity) return;
    this.#move(this.#tail, Math.max(length + more, Math.min(length * 2, maxBytes === 0 ? length * 2 : maxBytes)));
    this.#findTail();
  }

  #move(place: IdPlace, bytes: number): void {
    const heap = this.#heap;
    const address = this.#addressOf(place);
    const length = this.#lengthOf(place);
    const moved = bytes <= heap.capacity(address) ? heap.allocateSmaller(bytes) : heap.allocate(bytes);
    if (moved === 0) return;
    const start = recordStartOf(address);
    copyBytes(bytesOf(heap, address), start, start + length, bytesOf(heap, moved), recordStartOf(moved));
    this.#usedBytes += heap.capacity(moved) - heap.capacity(address);
    heap.free(address);
    this.#setBlock(place, moved, length);
    this.#tailAddress = 0;
  }

  /** Gives back the unused memory of a block that will not grow any more. */
  #shrink(place: IdPlace): void {
    const capacity = this.#heap.capacity(this.#addressOf(place));
    const length = this.#lengthOf(place);
    // Size classes differ by an eighth: with a smaller difference, the block would mostly stay in its class.
    if (length < capacity - capacity / 16) this.#move(place, length);
  }

  // --- removing ---

  /** Changes the counts of the master entry, which may grow by that. */
  #changeCounts(place: IdPlace, live: number, deleted: number): void {
    const address = this.#addressOf(place);
    const bytes = bytesOf(this.#heap, address);
    const start = recordStartOf(address);
    const deletedAt = start + elementSize(bytes, start);
    const countsEnd = deletedAt + elementSize(bytes, deletedAt);
    const newLive = integerAt(bytes, start) + live;
    const newDeleted = integerAt(bytes, deletedAt) + deleted;
    if (countsEnd - start === 4 && newLive < 128 && newDeleted < 128) {
      // Numbers below 128 are encoded as themselves.
      bytes[start] = newLive;
      bytes[deletedAt] = newDeleted;
      return;
    }
    const growth = element.setInteger(newLive).size + element.setInteger(newDeleted).size - (countsEnd - start);
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

  /** Marks entries of one block as deleted; `entryStarts` are their places in the block. */
  markDeleted(place: IdPlace, reader: BlockReader, entryStarts: readonly number[]): void {
    for (const at of entryStarts) reader.bytes[at] = (reader.bytes[at] as number) | entryDeleted;
    this.#changeCounts(place, -entryStarts.length, entryStarts.length);
  }

  /** Removes a block. The place is then that of the next block; false when there is none. */
  remove(place: IdPlace): boolean {
    const address = this.#addressOf(place);
    this.#usedBytes -= this.#heap.capacity(address);
    this.#heap.free(address);
    this.#tailAddress = 0;
    return this.#index.remove(place);
  }

  /** Adds copies of these blocks to `copy`, which must be empty. */
  copyInto(copy: StreamBlocks): void {
    const heap = this.#heap;
    const place = new IdPlace();
    const target = new IdPlace();
    const id = new StreamId();
    for (let more = this.#index.first(place); more; more = this.#index.next(place)) {
      const address = this.#addressOf(place);
      const length = this.#lengthOf(place);
      const copied = heap.allocate(length);
      const start = recordStartOf(address);
      copyBytes(bytesOf(heap, address), start, start + length, bytesOf(heap, copied), recordStartOf(copied));
      this.#index.readId(place, id);
      copy.#index.insert(id, target);
      copy.#setBlock(target, copied, length);
      copy.#usedBytes += heap.capacity(copied);
    }
  }
}
