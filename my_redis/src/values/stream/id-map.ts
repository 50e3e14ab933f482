import type { StreamId } from "./stream-id.ts";

/** Words of an entry for its id. */
export const idWords = 4;
const smallestChunk = 4;
const largestChunk = 128;

/** Estimated bytes of a chunk besides its words. */
const chunkBytes = 100;

/** Counts the memory of all maps' arrays: the record heap does, for everything outside of its own memory. */
export interface MemoryAccount {
  besideBytes: number;
}

/** Consecutive entries in order: words[start * stride, end * stride). */
class Chunk {
  words: Uint32Array;
  start = 0;
  end = 0;

  constructor(entries: number, stride: number) {
    this.words = new Uint32Array(entries * stride);
  }

  get count(): number {
    return this.end - this.start;
  }
}

/** The place of an entry in a map. Valid until the map changes. */
export class IdPlace {
  chunk = 0;
  index = 0;

  copy(other: IdPlace): this {
    this.chunk = other.chunk;
    this.index = other.index;
    return this;
  }
}

/**
 * An ordered map from stream ids to a few words of payload: the blocks of a stream, the pending entries of a group.
 * Entries are in chunks of at most 128, in typed arrays. Entries mostly come in the order of their ids; then each takes
 * little more than 16 bytes for the id and its payload.
 */
export class IdMap {
  /** Words per entry. */
  readonly stride: number;
  readonly #account: MemoryAccount | undefined;
  readonly #chunks: Chunk[] = [];
  #size = 0;
  #memoryBytes = 0;

  constructor(payloadWords: number, account?: MemoryAccount) {
    this.stride = idWords + payloadWords;
    this.#account = account;
  }

  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  #count(bytes: number): void {
    this.#memoryBytes += bytes;
    if (this.#account !== undefined) this.#account.besideBytes += bytes;
  }

  #newChunk(entries: number): Chunk {
    const chunk = new Chunk(entries, this.stride);
    this.#count(chunkBytes + chunk.words.byteLength);
    return chunk;
  }

  #dropChunk(index: number): void {
    for (const chunk of this.#chunks.splice(index, 1)) this.#count(-chunkBytes - chunk.words.byteLength);
  }

  #setWords(chunk: Chunk, words: Uint32Array): void {
    this.#count(words.byteLength - chunk.words.byteLength);
    chunk.words = words;
  }

  /** To be called when the map is no longer used: its memory is left to the garbage collector and no longer counted. */
  dispose(): void {
    this.#count(-this.#memoryBytes);
  }

  /** The array that contains the entry, from `offsetOf` on: four words of id, then the payload. */
  wordsOf(place: IdPlace): Uint32Array {
    return (this.#chunks[place.chunk] as Chunk).words;
  }

  offsetOf(place: IdPlace): number {
    return place.index * this.stride;
  }

  readId(place: IdPlace, id: StreamId): StreamId {
    const words = this.wordsOf(place);
    const at = this.offsetOf(place);
    id.timeHigh = words[at] as number;
    id.timeLow = words[at + 1] as number;
    id.sequenceHigh = words[at + 2] as number;
    id.sequenceLow = words[at + 3] as number;
    return id;
  }

  // --- finding entries: each method sets the place, and is false when there is no such entry ---

  first(place: IdPlace): boolean {
    place.chunk = 0;
    place.index = this.#chunks[0]?.start ?? 0;
    return this.#size > 0;
  }

  last(place: IdPlace): boolean {
    place.chunk = this.#chunks.length - 1;
    place.index = (this.#chunks.at(-1)?.end ?? 0) - 1;
    return this.#size > 0;
  }

  next(place: IdPlace): boolean {
    if (++place.index < (this.#chunks[place.chunk] as Chunk).end) return true;
    const following = this.#chunks[++place.chunk];
    if (following === undefined) return false;
    place.index = following.start;
    return true;
  }

  previous(place: IdPlace): boolean {
    if (--place.index >= (this.#chunks[place.chunk] as Chunk).start) return true;
    const before = this.#chunks[--place.chunk];
    if (before === undefined) return false;
    place.index = before.end - 1;
    return true;
  }

  find(id: StreamId, place: IdPlace): boolean {
    return this.atMost(id, place) && this.#compare(place, id) === 0;
  }

  /** The last entry whose id is this one or a lower one. */
  atMost(id: StreamId, place: IdPlace): boolean {
    if (this.#size === 0) return false;
    place.chunk = this.#chunkOf(id);
    const chunk = this.#chunks[place.chunk] as Chunk;
    place.index = this.#upperBound(chunk, id) - 1;
    return place.index >= chunk.start;
  }

  /** The first entry whose id is this one or a higher one. */
  atLeast(id: StreamId, place: IdPlace): boolean {
    if (!this.atMost(id, place)) return this.first(place);
    return this.#compare(place, id) === 0 || this.next(place);
  }

  #compare(place: IdPlace, id: StreamId): number {
    return compareWords(this.wordsOf(place), this.offsetOf(place), id);
  }

  /** The last chunk that does not begin after the id, or else the first. */
  #chunkOf(id: StreamId): number {
    const chunks = this.#chunks;
    let low = 0;
    let high = chunks.length - 1;
    // Most look-ups are at the end.
    if (high > 0 && this.#startsAtMost(chunks[high] as Chunk, id)) return high;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#startsAtMost(chunks[middle] as Chunk, id)) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #startsAtMost(chunk: Chunk, id: StreamId): boolean {
    return compareWords(chunk.words, chunk.start * this.stride, id) <= 0;
  }

  /** Index of the first entry after the id. */
  #upperBound(chunk: Chunk, id: StreamId): number {
    let low = chunk.start;
    let high = chunk.end;
    if (compareWords(chunk.words, (high - 1) * this.stride, id) <= 0) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareWords(chunk.words, middle * this.stride, id) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // --- changing ---

  /** Adds an entry for an id that has none. Its payload is undefined. */
  insert(id: StreamId, place: IdPlace): void {
    this.#makeRoom(id, place);
    const chunk = this.#chunks[place.chunk] as Chunk;
    this.#openGap(chunk, place);
    const at = place.index * this.stride;
    chunk.words[at] = id.timeHigh;
    chunk.words[at + 1] = id.timeLow;
    chunk.words[at + 2] = id.sequenceHigh;
    chunk.words[at + 3] = id.sequenceLow;
    this.#size++;
  }

  /**
   * Adds entries with their payload. Each begins `step` words after the one before. Their ids are in order, and greater
   * than all others.
   */
  append(words: Int32Array, step: number): void {
    const { stride } = this;
    for (let at = 0; at < words.length;) {
      const chunk = this.#openLast();
      const first = at;
      for (let to = chunk.end * stride; at < words.length && to < chunk.words.length; at += step, to += stride) {
        for (let word = 0; word < stride; word++) chunk.words[to + word] = words[at + word] as number;
      }
      chunk.end += (at - first) / step;
      this.#size += (at - first) / step;
    }
  }

  /** The last chunk, or a new one, with room at its end. */
  #openLast(): Chunk {
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.end === largestChunk) {
      chunk = this.#newChunk(chunk === undefined ? smallestChunk : largestChunk);
      this.#chunks.push(chunk);
    }
    if (chunk.end * this.stride === chunk.words.length) this.#grow(chunk, chunk.end * 2);
    return chunk;
  }

  /** Finds the place for the id, in a chunk that is not full. */
  #makeRoom(id: StreamId, place: IdPlace): void {
    const chunks = this.#chunks;
    if (chunks.length === 0) {
      chunks.push(this.#newChunk(smallestChunk));
      place.chunk = place.index = 0;
      return;
    }
    place.chunk = this.#chunkOf(id);
    const chunk = chunks[place.chunk] as Chunk;
    place.index = this.#upperBound(chunk, id);
    // Ids mostly come in order: an id after all others begins a new chunk, and the full one stays full.
    if (place.index === largestChunk && place.chunk === chunks.length - 1) {
      chunks.push(this.#newChunk(largestChunk));
      place.chunk++;
      place.index = 0;
    } else if (chunk.count === largestChunk) {
      this.#halve(place);
    }
  }

  /** Moves the second half of a full chunk to a new one. */
  #halve(place: IdPlace): void {
    const chunk = this.#chunks[place.chunk] as Chunk;
    const half = largestChunk / 2;
    const fresh = this.#newChunk(largestChunk);
    fresh.words.set(chunk.words.subarray(half * this.stride));
    fresh.end = half;
    chunk.end = half;
    this.#chunks.splice(place.chunk + 1, 0, fresh);
    if (place.index <= half) return;
    place.chunk++;
    place.index -= half;
  }

  /** Makes room for an entry at the place, in a chunk that is not full: the entries after or before it move by one. */
  #openGap(chunk: Chunk, place: IdPlace): void {
    const stride = this.stride;
    const capacity = chunk.words.length / stride;
    if (chunk.end === capacity && chunk.start === 0) {
      this.#grow(chunk, capacity * 2);
    } else if (chunk.end === capacity) {
      chunk.words.copyWithin((chunk.start - 1) * stride, chunk.start * stride, place.index * stride);
      chunk.start--;
      place.index--;
      return;
    }
    chunk.words.copyWithin((place.index + 1) * stride, place.index * stride, chunk.end * stride);
    chunk.end++;
  }

  #grow(chunk: Chunk, entries: number): void {
    const words = new Uint32Array(entries * this.stride);
    words.set(chunk.words);
    this.#setWords(chunk, words);
  }

  /** Removes an entry. The place is then that of the next entry; false when there is none. */
  remove(place: IdPlace): boolean {
    const stride = this.stride;
    const chunk = this.#chunks[place.chunk] as Chunk;
    this.#size--;
    if (place.index - chunk.start < chunk.end - place.index - 1) {
      chunk.words.copyWithin((chunk.start + 1) * stride, chunk.start * stride, place.index * stride);
      chunk.start++;
      place.index++;
    } else {
      chunk.words.copyWithin(place.index * stride, (place.index + 1) * stride, chunk.end * stride);
      chunk.end--;
    }
    if (chunk.count === 0) {
      this.#dropChunk(place.chunk);
      place.index = this.#chunks[place.chunk]?.start ?? 0;
    } else if (chunk.count <= largestChunk / 4 && !this.#join(place.chunk, place)) {
      this.#join(place.chunk - 1, place);
    }
    return this.#toEntry(place);
  }

  /** Joins two adjacent chunks if both are small: otherwise a few entries would keep much memory. */
  #join(leftIndex: number, place: IdPlace): boolean {
    const left = this.#chunks[leftIndex];
    const right = this.#chunks[leftIndex + 1];
    if (left === undefined || right === undefined || left.count + right.count > largestChunk / 2) return false;
    const stride = this.stride;
    const words = new Uint32Array((largestChunk / 2) * stride);
    words.set(left.words.subarray(left.start * stride, left.end * stride));
    words.set(right.words.subarray(right.start * stride, right.end * stride), left.count * stride);
    place.index += place.chunk === leftIndex ? -left.start : left.count - right.start;
    place.chunk = leftIndex;
    this.#setWords(left, words);
    left.end = left.count + right.count;
    left.start = 0;
    this.#dropChunk(leftIndex + 1);
    return true;
  }

  /** After the last entry of a chunk comes the first entry of the next chunk. */
  #toEntry(place: IdPlace): boolean {
    const chunk = this.#chunks[place.chunk];
    if (chunk === undefined || place.index < chunk.end) return chunk !== undefined;
    place.chunk++;
    const next = this.#chunks[place.chunk];
    if (next !== undefined) place.index = next.start;
    return next !== undefined;
  }

  copy(): IdMap {
    const copy = new IdMap(this.stride - idWords, this.#account);
    for (const chunk of this.#chunks) {
      const copied = copy.#newChunk(0);
      copy.#setWords(copied, chunk.words.slice());
      copied.start = chunk.start;
      copied.end = chunk.end;
      copy.#chunks.push(copied);
    }
    copy.#size = this.#size;
    return copy;
  }
}

function compareWords(words: Uint32Array, at: number, id: StreamId): number {
  return (
    (words[at] as number) - id.timeHigh ||
    (words[at + 1] as number) - id.timeLow ||
    (words[at + 2] as number) - id.sequenceHigh ||
    (words[at + 3] as number) - id.sequenceLow
  );
}
