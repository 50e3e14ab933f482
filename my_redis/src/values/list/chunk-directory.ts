import type { Address } from "../../memory/heap.ts";

const wordsPerChunk = 4;
const initialChunks = 4;

/**
 * The chunks of a list: the block of each, the part of the block in use, and the number of elements. All are in one
 * array with room at both ends, so that chunks can be added and removed there without moving others.
 */
export class ChunkDirectory {
  #words = new Int32Array(initialChunks * wordsPerChunk);
  #first = initialChunks / 2;
  count = 0;

  #at(chunk: number): number {
    return (this.#first + chunk) * wordsPerChunk;
  }

  address(chunk: number): Address {
    return this.#words[this.#at(chunk)] as number;
  }

  /** Where the elements start, in bytes from the start of the block. */
  start(chunk: number): number {
    return this.#words[this.#at(chunk) + 1] as number;
  }

  end(chunk: number): number {
    return this.#words[this.#at(chunk) + 2] as number;
  }

  elements(chunk: number): number {
    return this.#words[this.#at(chunk) + 3] as number;
  }

  /** Changes where the elements are. */
  setRange(chunk: number, start: number, end: number, elements: number): void {
    const at = this.#at(chunk);
    this.#words[at + 1] = start;
    this.#words[at + 2] = end;
    this.#words[at + 3] = elements;
  }

  setAddress(chunk: number, address: Address): void {
    this.#words[this.#at(chunk)] = address;
  }

  /** Inserts an empty chunk before the one with this number. */
  insert(chunk: number, address: Address): void {
    const atHead = chunk === 0 && this.count > 0;
    if (atHead ? this.#first === 0 : this.#at(this.count) === this.#words.length) this.#growFor(this.count);
    if (atHead) this.#first--;
    else this.#words.copyWithin(this.#at(chunk + 1), this.#at(chunk), this.#at(this.count));
    this.count++;
    this.setAddress(chunk, address);
    this.setRange(chunk, 0, 0, 0);
  }

  /** Adds chunks at the end. `words` are four for each, as they are kept here. */
  append(words: Int32Array): void {
    const added = words.length / wordsPerChunk;
    // Each time for as many as fitted before: so it gets the room that it would get if they came one by one.
    while (this.#at(this.count + added) > this.#words.length) {
      this.#growFor(this.#words.length / wordsPerChunk - this.#first);
    }
    this.#words.set(words, this.#at(this.count));
    this.count += added;
  }

  remove(chunk: number): void {
    this.count--;
    if (chunk === 0) this.#first++;
    else this.#words.copyWithin(this.#at(chunk), this.#at(chunk + 1), this.#at(this.count + 1));
    if (this.count === 0) this.#first = this.#words.length / wordsPerChunk / 2;
  }

  /** Moves the chunks to an array in whose middle is place for `chunks`, and room for half as many again on each side. */
  #growFor(chunks: number): void {
    const grown = new Int32Array(Math.max(initialChunks, chunks * 2) * wordsPerChunk);
    const first = Math.floor((grown.length / wordsPerChunk - chunks) / 2);
    grown.set(this.#words.subarray(this.#at(0), this.#at(this.count)), first * wordsPerChunk);
    this.#words = grown;
    this.#first = first;
  }

  get memoryBytes(): number {
    return this.#words.length * 4;
  }
}
