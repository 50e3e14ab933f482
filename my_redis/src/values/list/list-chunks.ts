import type { ReusedByteRange } from "../../memory/byte-range.ts";
import type { Address, Heap } from "../../memory/heap.ts";
import { bytesOf, recordStartOf } from "../../memory/record.ts";
import { filled, type ObjectValue } from "../../memory/object-table.ts";
import { copyBytes } from "../../memory/copy-bytes.ts";
import { elementSize, type PackedElement } from "../packed-element.ts";
import { ChunkDirectory } from "./chunk-directory.ts";
import type { ListLimits } from "./list-limits.ts";

/** Estimated bytes of the objects themselves, without the heap's blocks. */
const objectBytes = 250;
const minChunkBytes = 64;

/** Consecutive elements, bytes[start, end). Valid until the list changes. */
export interface ListSegment extends ReusedByteRange {
  count: number;
}

/**
 * A large list: chunks of packed elements, each in a block of the heap. The first chunk has its spare room at the start
 * of its block and the last at the end, so that pushing and popping move no other element.
 */
export class ListChunks implements ObjectValue {
  readonly #heap: Heap;
  readonly #chunks = new ChunkDirectory();
  size = 0;
  #blockBytes = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
    heap.besideBytes += this.#chunks.memoryBytes;
  }

  get chunkCount(): number {
    return this.#chunks.count;
  }

  get memoryBytes(): number {
    return objectBytes + this.#chunks.memoryBytes + this.#blockBytes;
  }

  /** Fills in `segment` with the elements of a chunk. */
  load(chunk: number, segment: ListSegment): void {
    const chunks = this.#chunks;
    const address = chunks.address(chunk);
    const block = recordStartOf(address);
    segment.bytes = bytesOf(this.#heap, address);
    segment.start = block + chunks.start(chunk);
    segment.end = block + chunks.end(chunk);
    segment.count = chunks.elements(chunk);
  }

  /** Adds elements, bytes[start, end), as one chunk at the end. */
  appendChunk(bytes: Uint8Array, start: number, end: number, count: number, limits: ListLimits): void {
    const length = end - start;
    const chunk = this.#chunks.count;
    this.#open(chunk, Math.max(length, Math.min(length * 2, limits.chunkBytes)));
    const address = this.#chunks.address(chunk);
    copyBytes(bytes, start, end, bytesOf(this.#heap, address), recordStartOf(address));
    this.#chunks.setRange(chunk, 0, length, count);
    this.size += count;
  }

  /**
   * Adds chunks at the end whose blocks the caller has filled. They belong to the list then. `words` are four for each:
   * address, start and end of the elements in the block, and their number. The blocks take `bytes` of the heap. Gives the
   * number of all elements.
   */
  adoptChunks(words: Int32Array, bytes: number): number {
    let added = 0;
    for (let at = 3; at < words.length; at += 4) added += words[at] as number;
    this.size += added;
    this.#blockBytes += bytes;
    const before = this.#chunks.memoryBytes;
    this.#chunks.append(words);
    this.#heap.besideBytes += this.#chunks.memoryBytes - before;
    return added;
  }

  /** Adds elements, bytes[start, end), at the tail, as one by one: each chunk gets as many as fit. */
  pushAll(bytes: Uint8Array, start: number, end: number, count: number, limits: ListLimits): void {
    const chunks = this.#chunks;
    let left = count;
    for (let at = start; at < end;) {
      const chunk = chunks.count - 1;
      const fitting = chunk < 0 ? 0 : this.#fitting(chunk, bytes, at, end, left, limits);
      if (fitting > 0) {
        const to = fitting === left ? end : placeAfter(bytes, at, fitting);
        this.#appendRun(chunk, bytes, at, to, fitting, limits);
        at = to;
        left -= fitting;
      } else {
        // An element gets a chunk of its own when it alone is longer than the limit.
        const size = elementSize(bytes, at);
        this.#open(chunk + 1, Math.max(size, limits.chunkBytes));
        this.#appendRun(chunk + 1, bytes, at, at + size, 1, limits);
        at += size;
        left--;
      }
    }
  }

  /** How many of the elements bytes[start, end), `count` of them, a chunk has room for. */
  #fitting(chunk: number, bytes: Uint8Array, start: number, end: number, count: number, limits: ListLimits): number {
    const chunks = this.#chunks;
    const used = chunks.end(chunk) - chunks.start(chunk);
    const elements = chunks.elements(chunk);
    if (!limits.exceeded(used + end - start, elements + count)) return count;
    let fitting = 0;
    for (let at = start; ; fitting++) {
      at += elementSize(bytes, at);
      if (limits.exceeded(used + at - start, elements + fitting + 1)) return fitting;
    }
  }

  #appendRun(chunk: number, bytes: Uint8Array, start: number, end: number, count: number, limits: ListLimits): void {
    const chunks = this.#chunks;
    const length = end - start;
    if (this.#heap.capacity(chunks.address(chunk)) - chunks.end(chunk) < length) {
      this.#makeRoom(chunk, length, "tail", limits);
    }
    const address = chunks.address(chunk);
    const to = chunks.end(chunk);
    copyBytes(bytes, start, end, bytesOf(this.#heap, address), recordStartOf(address) + to);
    chunks.setRange(chunk, chunks.start(chunk), to + length, chunks.elements(chunk) + count);
    this.size += count;
  }

  #open(chunk: number, bytes: number): void {
    this.#insert(chunk, this.#heap.allocate(Math.max(bytes, minChunkBytes)));
  }

  #insert(chunk: number, address: Address): void {
    this.#blockBytes += this.#heap.capacity(address);
    const before = this.#chunks.memoryBytes;
    this.#chunks.insert(chunk, address);
    this.#heap.besideBytes += this.#chunks.memoryBytes - before;
  }

  #close(chunk: number): void {
    const address = this.#chunks.address(chunk);
    this.#blockBytes -= this.#heap.capacity(address);
    this.#heap.free(address);
    this.#chunks.remove(chunk);
  }

  pushHead(element: PackedElement, limits: ListLimits): void {
    const chunks = this.#chunks;
    if (chunks.count === 0 || !this.#hasRoom(0, element, limits)) this.#openFor(0, element, limits);
    if (chunks.start(0) < element.size) this.#makeRoom(0, element.size, "head", limits);
    const start = chunks.start(0) - element.size;
    const address = chunks.address(0);
    element.write(bytesOf(this.#heap, address), recordStartOf(address) + start);
    chunks.setRange(0, start, chunks.end(0), chunks.elements(0) + 1);
    this.size++;
  }

  pushTail(element: PackedElement, limits: ListLimits): void {
    const chunks = this.#chunks;
    if (chunks.count === 0 || !this.#hasRoom(chunks.count - 1, element, limits)) {
      this.#openFor(chunks.count, element, limits);
    }
    this.#append(chunks.count - 1, element, limits);
  }

  #append(chunk: number, element: PackedElement, limits: ListLimits): void {
    const chunks = this.#chunks;
    if (this.#heap.capacity(chunks.address(chunk)) - chunks.end(chunk) < element.size) {
      this.#makeRoom(chunk, element.size, "tail", limits);
    }
    const address = chunks.address(chunk);
    const end = chunks.end(chunk);
    element.write(bytesOf(this.#heap, address), recordStartOf(address) + end);
    chunks.setRange(chunk, chunks.start(chunk), end + element.size, chunks.elements(chunk) + 1);
    this.size++;
  }

  #hasRoom(chunk: number, element: PackedElement, limits: ListLimits): boolean {
    const chunks = this.#chunks;
    const used = chunks.end(chunk) - chunks.start(chunk);
    return !limits.exceeded(used + element.size, chunks.elements(chunk) + 1);
  }

  #openFor(chunk: number, element: PackedElement, limits: ListLimits): void {
    this.#open(chunk, Math.max(element.size, limits.chunkBytes));
  }

  /** Frees `size` bytes before or after a chunk's elements: moves them within their block, or to a larger one. */
  #makeRoom(chunk: number, size: number, side: "head" | "tail", limits: ListLimits): void {
    const chunks = this.#chunks;
    const address = chunks.address(chunk);
    const start = chunks.start(chunk);
    const used = chunks.end(chunk) - start;
    const capacity = this.#heap.capacity(address);
    if (used + size <= capacity) {
      const to = side === "tail" ? 0 : capacity - used;
      const block = recordStartOf(address);
      if (used > 0) bytesOf(this.#heap, address).copyWithin(block + to, block + start, block + start + used);
      chunks.setRange(chunk, to, to + used, chunks.elements(chunk));
      return;
    }
    this.#reallocate(chunk, Math.max(used + size, Math.min(capacity * 2, Math.max(limits.chunkBytes, 8192))), side);
  }

  /** Moves a chunk to a block of `bytes` bytes, with the spare room on one side. */
  #reallocate(chunk: number, bytes: number, spare: "head" | "tail"): void {
    const heap = this.#heap;
    const chunks = this.#chunks;
    const address = chunks.address(chunk);
    const used = chunks.end(chunk) - chunks.start(chunk);
    const size = Math.max(bytes, minChunkBytes);
    const moved = size <= heap.capacity(address) ? heap.allocateSmaller(size) : heap.allocate(size);
    if (moved === 0) return;
    const capacity = heap.capacity(moved);
    const to = spare === "tail" ? 0 : capacity - used;
    const from = recordStartOf(address) + chunks.start(chunk);
    copyBytes(bytesOf(heap, address), from, from + used, bytesOf(heap, moved), recordStartOf(moved) + to);
    this.#blockBytes += capacity - heap.capacity(address);
    heap.free(address);
    chunks.setAddress(chunk, moved);
    chunks.setRange(chunk, to, to + used, chunks.elements(chunk));
  }

  /** Inserts an element before the one that is `offset` bytes after the start of a chunk's elements. */
  insert(chunk: number, offset: number, element: PackedElement, limits: ListLimits): void {
    const chunks = this.#chunks;
    const used = chunks.end(chunk) - chunks.start(chunk);
    if (!this.#hasRoom(chunk, element, limits)) {
      this.#insertIntoFull(chunk, offset, element, limits);
      return;
    }
    this.#append(chunk, element, limits);
    if (offset === used) return;
    // The push has made room at the end. Now the elements after `offset` move there, and the element is written in
    // their place.
    const address = chunks.address(chunk);
    const bytes = bytesOf(this.#heap, address);
    const start = recordStartOf(address) + chunks.start(chunk);
    bytes.copyWithin(start + offset + element.size, start + offset, start + used);
    element.write(bytes, start + offset);
  }

  /**
   * The chunk is full: the element goes to the end of the chunk's first part, or into a chunk of its own between both
   * parts.
   */
  #insertIntoFull(chunk: number, offset: number, element: PackedElement, limits: ListLimits): void {
    const chunks = this.#chunks;
    if (offset > 0 && offset < chunks.end(chunk) - chunks.start(chunk)) this.#split(chunk, offset, limits);
    const place = offset === 0 ? chunk : chunk + 1;
    if (place > 0 && this.#hasRoom(place - 1, element, limits)) {
      this.#append(place - 1, element, limits);
      return;
    }
    if (place < chunks.count && this.#hasRoom(place, element, limits)) {
      this.insert(place, 0, element, limits);
      return;
    }
    this.#open(place, element.size);
    this.#append(place, element, limits);
  }

  #split(chunk: number, offset: number, limits: ListLimits): void {
    const chunks = this.#chunks;
    const segment: ListSegment = { bytes: new Uint8Array(0), start: 0, end: 0, count: 0 };
    this.load(chunk, segment);
    let before = 0;
    for (let at = segment.start; at < segment.start + offset; before++) at += elementSize(segment.bytes, at);
    const rest = segment.end - segment.start - offset;
    this.#open(chunk + 1, Math.max(rest, Math.min(rest * 2, limits.chunkBytes)));
    const address = chunks.address(chunk + 1);
    copyBytes(segment.bytes, segment.start + offset, segment.end, bytesOf(this.#heap, address), recordStartOf(address));
    chunks.setRange(chunk + 1, 0, rest, segment.count - before);
    const start = chunks.start(chunk);
    chunks.setRange(chunk, start, start + offset, before);
  }

  /**
   * Removes `count` elements of a chunk, `length` bytes from `offset` on. True when the chunk is gone with them: then
   * the next chunk has its number.
   */
  remove(chunk: number, offset: number, length: number, count: number): boolean {
    const chunks = this.#chunks;
    const start = chunks.start(chunk);
    const end = chunks.end(chunk);
    const left = chunks.elements(chunk) - count;
    this.size -= count;
    if (left === 0) {
      this.#close(chunk);
      return true;
    }
    if (offset === 0) {
      chunks.setRange(chunk, start + length, end, left);
      return false;
    }
    if (start + offset + length < end) {
      const address = chunks.address(chunk);
      const block = recordStartOf(address) + start + offset;
      bytesOf(this.#heap, address).copyWithin(block, block + length, recordStartOf(address) + end);
    }
    chunks.setRange(chunk, start, end - length, left);
    this.#shrink(chunk, end - length - start);
    return false;
  }

  /** A chunk in the middle of the list, where nothing is pushed, gives back its unused memory. */
  #shrink(chunk: number, used: number): void {
    if (chunk === 0 || chunk === this.#chunks.count - 1) return;
    if (used * 2 < this.#heap.capacity(this.#chunks.address(chunk))) this.#reallocate(chunk, used, "tail");
  }

  copy(): ListChunks {
    return filled(new ListChunks(this.#heap), (copy) => {
      const chunks = this.#chunks;
      for (let chunk = 0; chunk < chunks.count; chunk++) {
        const used = chunks.end(chunk) - chunks.start(chunk);
        copy.#open(chunk, used);
        const from = chunks.address(chunk);
        const to = copy.#chunks.address(chunk);
        const start = recordStartOf(from) + chunks.start(chunk);
        copyBytes(bytesOf(this.#heap, from), start, start + used, bytesOf(this.#heap, to), recordStartOf(to));
        copy.#chunks.setRange(chunk, 0, used, chunks.elements(chunk));
      }
      copy.size = this.size;
    });
  }

  release(budget: number): boolean {
    for (let left = budget; left > 0 && this.#chunks.count > 0; left--) this.#close(this.#chunks.count - 1);
    if (this.#chunks.count > 0) return false;
    this.#heap.besideBytes -= this.#chunks.memoryBytes;
    return true;
  }
}

/** The place after `count` elements. */
function placeAfter(bytes: Uint8Array, start: number, count: number): number {
  let at = start;
  for (let left = count; left > 0; left--) at += elementSize(bytes, at);
  return at;
}
