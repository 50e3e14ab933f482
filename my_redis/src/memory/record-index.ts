import type { Address, Heap } from "./heap.ts";
import { nextCursor } from "./next-cursor.ts";
import { countAbsent, placeNew } from "./place-new.ts";
import { keyEquals, keysEqual } from "./record.ts";

const smallestCapacity = 8;
/** Slots moved from the old table by each write while the index grows or shrinks. */
const slotsPerStep = 16;
/** Marks a slot of the old table whose entry was moved or removed; never a valid address. */
const tombstone = -1;

/**
 * Hash index over records: open addressing with linear probing over (hash, address) pairs in one typed array. The index
 * grows and shrinks in steps: the old table stays beside the new one, and each write moves a few slots, so that no
 * request has to wait for the whole. The cursor of `scan` keeps Redis's promise: an entry that is in the index during a
 * whole scan is visited, even when the index is resized meanwhile.
 */
export class RecordIndex {
  readonly #heap: Heap;
  /** Pairs: hash, address. An address of 0 is an empty slot. Never written with a tombstone. */
  #slots = new Int32Array(smallestCapacity * 2);
  #old: Int32Array | undefined;
  #oldPosition = 0;
  #oldCount = 0;
  #count = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
    heap.besideBytes += this.memoryBytes;
  }

  get size(): number {
    return this.#count;
  }

  /** Slots of both tables. */
  get capacity(): number {
    return (this.#slots.length + (this.#old?.length ?? 0)) / 2;
  }

  get memoryBytes(): number {
    return this.#slots.byteLength + (this.#old?.byteLength ?? 0);
  }

  get resizing(): boolean {
    return this.#old !== undefined;
  }

  /** Address of the record with this key, or 0. */
  find(hash: number, key: Uint8Array, start: number, end: number): Address {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const address = slots[at + 1] as number;
      if (address === 0) break;
      if (slots[at] === hash && keyEquals(this.#heap, address, key, start, end)) return address;
    }
    return this.#old === undefined ? 0 : this.#findOld(this.#old, hash, key, start, end);
  }

  /** Whether the index has a record with the same key as a record of another index. `hash` is the hash of that key. */
  hasKeyOf(hash: number, address: Address): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const found = slots[at + 1] as number;
      if (found === 0) break;
      if (slots[at] === hash && keysEqual(this.#heap, found, address)) return true;
    }
    return this.#old !== undefined && this.#oldHasKeyOf(this.#old, hash, address);
  }

  #oldHasKeyOf(old: Int32Array, hash: number, address: Address): boolean {
    const mask = old.length - 1;
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const found = old[at + 1] as number;
      if (found === 0) return false;
      if (old[at] === hash && found !== tombstone && keysEqual(this.#heap, found, address)) return true;
    }
  }

  #findOld(old: Int32Array, hash: number, key: Uint8Array, start: number, end: number): Address {
    const mask = old.length - 1;
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const address = old[at + 1] as number;
      if (address === 0) return 0;
      if (old[at] === hash && address !== tombstone && keyEquals(this.#heap, address, key, start, end)) return address;
    }
  }

  /** Whether this record is in the index. `hash` is the hash of its key. */
  has(hash: number, address: Address): boolean {
    if (slotOf(this.#slots, hash, address) >= 0) return true;
    return this.#old !== undefined && slotOf(this.#old, hash, address) >= 0;
  }

  /** Adds an entry. The key must not be in the index. */
  insert(hash: number, address: Address): void {
    this.makeRoom();
    this.add(hash, address);
  }

  /** Makes room for one entry, so that `add` cannot fail: memory for more slots may be refused only here. */
  makeRoom(): void {
    if (this.#old !== undefined) this.migrate(slotsPerStep);
    // Three quarters full: then a miss looks at 8.5 slots on average, a hit at 2.5.
    if ((this.#count + 1) * 8 > this.#slots.length * 3 && this.#mayGrow()) this.#resize(this.#slots.length);
  }

  /** Adds an entry after `makeRoom`. The key must not be in the index. */
  add(hash: number, address: Address): void {
    place(this.#slots, hash, address);
    this.#count++;
  }

  /**
   * Adds entries one after the other: pairs of hash and address, every `stride` words from `at` on. Stops before one
   * that may have the key of another entry, because the hashes are equal; gives the number of added entries. A resize is
   * not done in steps: who adds many entries at once waits for all of them anyway.
   */
  addNew(entries: Int32Array, at: number, count: number, stride: number): number {
    let done = 0;
    while (done < count) {
      this.makeRoom();
      if (this.#old !== undefined) this.migrate(this.#old.length);
      const free = Math.floor((this.#slots.length * 3) / 8) - this.#count;
      const most = Math.min(count - done, Math.max(free, 1));
      const added = placeNew(this.#slots, entries, at + done * stride, most, stride);
      this.#count += added;
      done += added;
      if (added < most) break;
    }
    return done;
  }

  /** How many entries, every `stride` words from `at` on, have no equal hash in the index: their keys are missing. */
  countMissing(entries: Int32Array, at: number, count: number, stride: number): number {
    if (this.#old !== undefined) this.migrate(this.#old.length);
    return countAbsent(this.#slots, entries, at, count, stride);
  }

  // Where growing would take memory that only eviction could free, the index is first filled to seven eighths. A miss
  // then looks at 33 slots on average, a hit at 4.5.
  #mayGrow(): boolean {
    return (this.#count + 1) * 16 > this.#slots.length * 7 || this.#heap.hasRoomBeside(this.#slots.byteLength * 2);
  }

  /** Records the new address of a record that has moved. */
  replace(hash: number, from: Address, to: Address): void {
    const at = slotOf(this.#slots, hash, from);
    if (at >= 0) {
      this.#slots[at + 1] = to;
      return;
    }
    const old = this.#old as Int32Array;
    old[slotOf(old, hash, from) + 1] = to;
  }

  /** As `replace`, for an entry that may be missing. */
  replaceIfThere(hash: number, from: Address, to: Address): void {
    if (this.has(hash, from)) this.replace(hash, from, to);
  }

  /** Removes the entry; false when it is missing. */
  remove(hash: number, address: Address): boolean {
    const at = slotOf(this.#slots, hash, address);
    if (at >= 0) {
      closeGap(this.#slots, at);
    } else {
      const old = this.#old;
      const oldAt = old === undefined ? -1 : slotOf(old, hash, address);
      if (old === undefined || oldAt < 0) return false;
      old[oldAt + 1] = tombstone;
      this.#oldCount--;
    }
    this.#count--;
    if (this.#old !== undefined) this.migrate(slotsPerStep);
    else if (this.#count * 16 < this.#slots.length && this.#slots.length > smallestCapacity * 2) {
      this.#resize(Math.max(smallestCapacity, capacityFor(this.#count)));
    }
    return true;
  }

  clear(): void {
    const before = this.memoryBytes;
    this.#slots = new Int32Array(smallestCapacity * 2);
    this.#old = undefined;
    this.#oldCount = 0;
    this.#count = 0;
    this.#heap.besideBytes += this.memoryBytes - before;
  }

  /**
   * To be called when the index is no longer used: its memory is left to the garbage collector and no longer counted.
   */
  dispose(): void {
    this.#heap.besideBytes -= this.memoryBytes;
  }

  /** Makes room for `count` entries at once, for loading. */
  reserve(count: number): void {
    if (capacityFor(count) * 2 > this.#slots.length) this.#resize(capacityFor(count));
  }

  /** To be called by every write, even if the write adds and removes nothing, so that a resize comes to its end. */
  step(): void {
    if (this.#old !== undefined) this.migrate(slotsPerStep);
  }

  /** Moves up to `slots` slots of the old table. The server also calls it when it is idle. */
  migrate(slots: number): void {
    const old = this.#old;
    if (old === undefined) return;
    const end = Math.min(old.length, this.#oldPosition + slots * 2);
    let at = this.#oldPosition;
    for (; at < end && this.#oldCount > 0; at += 2) {
      const address = old[at + 1] as number;
      if (address === 0 || address === tombstone) continue;
      place(this.#slots, old[at] as number, address);
      old[at + 1] = tombstone;
      this.#oldCount--;
    }
    this.#oldPosition = at;
    if (this.#oldCount > 0) return;
    this.#old = undefined;
    this.#heap.besideBytes -= old.byteLength;
  }

  #resize(capacity: number): void {
    // A resize while another is under way: finish that one first. The step size makes this rare.
    if (this.#old !== undefined) this.migrate(this.#old.length);
    const before = this.memoryBytes;
    const slots = new Int32Array(capacity * 2);
    this.#heap.askForPages(slots);
    this.#old = this.#count === 0 ? undefined : this.#slots;
    this.#oldPosition = 0;
    this.#oldCount = this.#count;
    this.#slots = slots;
    this.#heap.besideBytes += this.memoryBytes - before;
  }

  /**
   * Visits every entry of one bucket and returns the next cursor, 0 at the end. The visitor must not change the
   * index. Buckets are taken in reversed-bit order (as Redis does, after Pieter Noordhuis), where a bucket of a
   * table and the buckets it splits into are neighbours: that is what makes the cursor survive a resize.
   */
  scan(cursor: number, visit: (address: Address) => void): number {
    const slots = this.#slots;
    const old = this.#old;
    if (old === undefined) {
      const mask = slots.length / 2 - 1;
      visitBucket(slots, cursor & mask, mask, visit);
      return nextCursor(cursor, mask);
    }
    const small = old.length < slots.length ? old : slots;
    const large = small === old ? slots : old;
    const smallMask = small.length / 2 - 1;
    const largeMask = large.length / 2 - 1;
    visitBucket(small, cursor & smallMask, smallMask, visit);
    let next = cursor;
    do {
      visitBucket(large, next & largeMask, largeMask, visit);
      next = nextCursor(next, largeMask);
    } while ((next & (smallMask ^ largeMask)) !== 0);
    return next;
  }

  /** Visits every entry with its hash. The visitor must not change the index. */
  forEach(visit: (address: Address, hash: number) => void): void {
    this.visitSlots(0, Number.POSITIVE_INFINITY, visit);
  }

  /**
   * Visits the entries in up to `count` slots from `first` on; gives the slot to continue from, or -1 at the end. It is
   * cheaper than `scan`, but the index must not change between two calls.
   */
  visitSlots(first: number, count: number, visit: (address: Address, hash: number) => void): number {
    const slots = this.#slots;
    const inSlots = slots.length / 2;
    const end = Math.min(first + count, this.capacity);
    visitEntries(slots, first, Math.min(end, inSlots), visit);
    if (this.#old !== undefined) visitEntries(this.#old, Math.max(0, first - inSlots), end - inSlots, visit);
    return end === this.capacity ? -1 : end;
  }

  /**
   * Takes up to `count` consecutive entries from a random place on. Places depend on hashes, so these entries are as
   * random as entries chosen one by one, and cheaper to find. Writes their hashes and addresses, and gives their
   * number: at least one unless the index is empty. `random` gives numbers in [0, 1).
   */
  sample(random: () => number, count: number, hashes: Int32Array, addresses: Int32Array): number {
    if (this.#count === 0) return 0;
    const slots = this.#slots;
    const old = this.#old;
    const oldStart = old === undefined ? 0 : this.#oldPosition;
    const length = slots.length + (old === undefined ? 0 : old.length - oldStart);
    const wanted = Math.min(count, this.#count);
    let at = Math.floor((random() * length) / 2) * 2;
    let found = 0;
    for (let steps = length; steps > 0 && found < wanted; steps -= 2) {
      const inSlots = at < slots.length;
      const table = inSlots ? slots : (old as Int32Array);
      const slot = inSlots ? at : at - slots.length + oldStart;
      const address = table[slot + 1] as number;
      if (address !== 0 && address !== tombstone) {
        hashes[found] = table[slot] as number;
        addresses[found] = address;
        found++;
      }
      at = at + 2 === length ? 0 : at + 2;
    }
    return found;
  }

  /** An entry near a random place, 0 when the index is empty. `random` gives numbers in [0, 1). */
  random(random: () => number): Address {
    if (this.#count === 0) return 0;
    const total = this.#slots.length + (this.#old?.length ?? 0);
    for (;;) {
      let at = Math.floor((random() * total) / 2) * 2;
      let table: Int32Array = this.#slots;
      if (at >= table.length) {
        at -= table.length;
        table = this.#old as Int32Array;
      }
      const address = table[at + 1] as number;
      if (address !== 0 && address !== tombstone) return address;
    }
  }
}

function capacityFor(count: number): number {
  let capacity = smallestCapacity;
  while (capacity * 3 < count * 4) capacity *= 2;
  return capacity;
}

function place(slots: Int32Array, hash: number, address: Address): void {
  const mask = slots.length - 1;
  let at = (hash << 1) & mask;
  while (slots[at + 1] !== 0) at = (at + 2) & mask;
  slots[at] = hash;
  slots[at + 1] = address;
}

/** The slot of the entry, or -1. */
function slotOf(slots: Int32Array, hash: number, address: Address): number {
  const mask = slots.length - 1;
  for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
    const found = slots[at + 1] as number;
    if (found === address) return at;
    if (found === 0) return -1;
  }
}

/** Empties a slot and moves later entries of its cluster back, so that no tombstone is needed (Knuth 6.4, R). */
function closeGap(slots: Int32Array, gap: number): void {
  const mask = slots.length - 1;
  for (let at = (gap + 2) & mask; ; at = (at + 2) & mask) {
    if (slots[at + 1] === 0) break;
    const home = ((slots[at] as number) << 1) & mask;
    // The entry may fill the gap only if its home is not between the gap and itself, going round.
    if (((at - home) & mask) >= ((at - gap) & mask)) {
      slots[gap] = slots[at] as number;
      slots[gap + 1] = slots[at + 1] as number;
      gap = at;
    }
  }
  slots[gap + 1] = 0;
}

/** Visits the entries in the slots [first, end). */
function visitEntries(
  slots: Int32Array,
  first: number,
  end: number,
  visit: (address: Address, hash: number) => void,
): void {
  for (let at = first * 2; at < end * 2; at += 2) {
    const address = slots[at + 1] as number;
    if (address !== 0 && address !== tombstone) visit(address, slots[at] as number);
  }
}

/** Visits the entries whose home is `bucket`: they are in the run of full slots that begins there. */
function visitBucket(slots: Int32Array, bucket: number, bucketMask: number, visit: (address: Address) => void): void {
  const mask = slots.length - 1;
  for (let at = bucket << 1, steps = slots.length; steps > 0; at = (at + 2) & mask, steps -= 2) {
    const address = slots[at + 1] as number;
    if (address === 0) return;
    if (address !== tombstone && ((slots[at] as number) & bucketMask) === bucket) visit(address);
  }
}
