import type { Address, Heap } from "./heap.ts";
import { setTagOf, tagOf } from "./record.ts";

const initialCapacity = 8;

/**
 * When the records of a table expire: a binary heap of times, the earliest first (Williams, Algorithm 232). The
 * record's own tag is its place in the heap plus one. So a record's time is found at once, and a table without times
 * needs no memory for them. Each record with a time takes 12 bytes.
 */
export class RecordTimes {
  readonly #heap: Heap;
  /** Unix milliseconds. */
  #times = new Float64Array(initialCapacity);
  #addresses = new Int32Array(initialCapacity);
  #count = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
    heap.besideBytes += this.memoryBytes;
  }

  get size(): number {
    return this.#count;
  }

  get memoryBytes(): number {
    return this.#times.byteLength + this.#addresses.byteLength;
  }

  /**
   * To be called when the times are no longer used: their memory is left to the garbage collector and no longer
   * counted.
   */
  dispose(): void {
    this.#heap.besideBytes -= this.memoryBytes;
  }

  /** The earliest time, Infinity when no record has one. */
  get earliestMs(): number {
    return this.#count === 0 ? Number.POSITIVE_INFINITY : (this.#times[0] as number);
  }

  /** The record with the earliest time. There must be one. */
  get earliest(): Address {
    return this.#addresses[0] as number;
  }

  /** A record's time, Unix milliseconds; 0 when it has none. */
  timeOf(address: Address): number {
    const tag = tagOf(this.#heap, address);
    return tag === 0 ? 0 : (this.#times[tag - 1] as number);
  }

  /** Sets or changes a record's time. */
  set(address: Address, timeMs: number): void {
    const tag = tagOf(this.#heap, address);
    if (tag === 0) {
      if (this.#count === this.#times.length) this.#resize(this.#count + (this.#count >> 1));
      this.#rise(this.#count++, address, timeMs);
    } else if (timeMs < (this.#times[tag - 1] as number)) {
      this.#rise(tag - 1, address, timeMs);
    } else {
      this.#sink(tag - 1, address, timeMs);
    }
  }

  /** Removes a record's time, if it has one. */
  remove(address: Address): void {
    const tag = tagOf(this.#heap, address);
    if (tag === 0) return;
    setTagOf(this.#heap, address, 0);
    const place = tag - 1;
    const last = --this.#count;
    const moved = this.#addresses[last] as number;
    const timeMs = this.#times[last] as number;
    if (this.#times.length > initialCapacity && last * 4 < this.#times.length) this.#resize(this.#times.length >> 1);
    if (place === last) return;
    if (place > 0 && timeMs < (this.#times[(place - 1) >> 1] as number)) this.#rise(place, moved, timeMs);
    else this.#sink(place, moved, timeMs);
  }

  /** To be called when a record has moved to another address. */
  moved(from: Address, to: Address): void {
    const tag = tagOf(this.#heap, from);
    if (tag === 0) return;
    setTagOf(this.#heap, to, tag);
    this.#addresses[tag - 1] = to;
  }

  /** The number of records whose time has come. Looks at no more than three heap places for each. */
  countDue(nowMs: number): number {
    return this.#countDueFrom(0, nowMs);
  }

  #countDueFrom(place: number, nowMs: number): number {
    if (place >= this.#count || (this.#times[place] as number) > nowMs) return 0;
    return 1 + this.#countDueFrom(place * 2 + 1, nowMs) + this.#countDueFrom(place * 2 + 2, nowMs);
  }

  /** Puts a record at a place, or above it while the times there are later. */
  #rise(place: number, address: Address, timeMs: number): void {
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if ((this.#times[parent] as number) <= timeMs) break;
      this.#put(place, this.#addresses[parent] as number, this.#times[parent] as number);
      place = parent;
    }
    this.#put(place, address, timeMs);
  }

  /** Puts a record at a place, or below it while the times there are earlier. */
  #sink(place: number, address: Address, timeMs: number): void {
    const count = this.#count;
    for (;;) {
      let child = place * 2 + 1;
      if (child >= count) break;
      if (child + 1 < count && (this.#times[child + 1] as number) < (this.#times[child] as number)) child++;
      if ((this.#times[child] as number) >= timeMs) break;
      this.#put(place, this.#addresses[child] as number, this.#times[child] as number);
      place = child;
    }
    this.#put(place, address, timeMs);
  }

  #put(place: number, address: Address, timeMs: number): void {
    this.#times[place] = timeMs;
    this.#addresses[place] = address;
    setTagOf(this.#heap, address, place + 1);
  }

  #resize(capacity: number): void {
    const before = this.memoryBytes;
    const times = new Float64Array(capacity);
    const addresses = new Int32Array(capacity);
    times.set(this.#times.subarray(0, Math.min(capacity, this.#count)));
    addresses.set(this.#addresses.subarray(0, Math.min(capacity, this.#count)));
    this.#times = times;
    this.#addresses = addresses;
    this.#heap.besideBytes += this.memoryBytes - before;
  }
}
