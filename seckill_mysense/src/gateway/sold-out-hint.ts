/** The slots in which a reservation can be stored: one set. */
const ways = 8;

/**
 * Remembers which reservations the gate has refused, in a table of fixed size. An overwritten entry only costs one more
 * call to the gate. With sets of slots, few are overwritten before the table is nearly full.
 */
export class RefusedReservations {
  readonly #fingerprints: Uint32Array;
  readonly #setMask: number;

  /** `capacity` is rounded up to a power of two; 4 bytes each. */
  constructor(capacity: number) {
    const size = Math.max(ways, 2 ** Math.ceil(Math.log2(capacity)));
    this.#fingerprints = new Uint32Array(size);
    this.#setMask = size / ways - 1;
  }

  /** A new `generation` invalidates all entries of earlier generations at once. */
  add(reservationId: string, generation: number): void {
    const start = this.#setOf(reservationId);
    const added = fingerprint(reservationId, generation);
    if (this.#holds(start, added)) return;
    // The newest comes first, and the oldest of the set falls out.
    this.#fingerprints.copyWithin(start + 1, start, start + ways - 1);
    this.#fingerprints[start] = added;
  }

  has(reservationId: string, generation: number): boolean {
    return this.#holds(this.#setOf(reservationId), fingerprint(reservationId, generation));
  }

  #holds(start: number, wanted: number): boolean {
    for (let slot = start; slot < start + ways; slot++) if (this.#fingerprints[slot] === wanted) return true;
    return false;
  }

  /** Where the set of a reservation begins. */
  #setOf(reservationId: string): number {
    return (Bun.hash.murmur32v3(reservationId) & this.#setMask) * ways;
  }
}

function fingerprint(reservationId: string, generation: number): number {
  // Zero marks an empty slot.
  return (Bun.hash.murmur32v3(reservationId, generation) | 1) >>> 0;
}

/** Generations are unique in the process, so that products can share one table. */
let generations = 1;

/**
 * Refuses repeated requests for a product that is sold out, without asking the gate. Only reservations that the gate
 * itself refused in this epoch are refused: any other buyer may hold a reservation whose answer was lost.
 */
export class SoldOutHint {
  readonly #refused: RefusedReservations;
  readonly #lifetimeMs: number;
  #epoch = 0;
  #generation = 0;
  #untilMs = 0;

  constructor(refused: RefusedReservations, lifetimeMs: number) {
    this.#refused = refused;
    this.#lifetimeMs = lifetimeMs;
  }

  /** Whether this reservation can be refused without asking the gate. */
  refuses(reservationId: string, nowMs: number): boolean {
    return this.isLikely(nowMs) && this.hasRefused(reservationId);
  }

  hasRefused(reservationId: string): boolean {
    return this.#refused.has(reservationId, this.#generation);
  }

  /** Whether the gate has refused others lately, and so would refuse a reservation that nobody has asked for yet. */
  isLikely(nowMs: number): boolean {
    if (this.#generation === 0) return false;
    if (nowMs < this.#untilMs) return true;
    // One request is let through to ask the gate again; the others are refused until its answer arrives.
    this.#untilMs = nowMs + this.#lifetimeMs;
    return false;
  }

  /** Notes that the gate would refuse this reservation, as it has refused others: nobody asked it again. */
  refuseToo(reservationId: string): void {
    if (this.#generation !== 0) this.#refused.add(reservationId, this.#generation);
  }

  /** Notes that the gate refused this reservation as sold out. */
  soldOut(reservationId: string, epoch: number, nowMs: number): void {
    if (this.#generation === 0 || epoch > this.#epoch) {
      this.#epoch = epoch;
      this.#generation = ++generations;
    }
    // A late answer of an earlier epoch says nothing about the current one.
    if (epoch < this.#epoch) return;
    this.#untilMs = nowMs + this.#lifetimeMs;
    this.#refused.add(reservationId, this.#generation);
  }

  /** Forgets all refusals, since there is stock again or a new epoch. */
  clear(): void {
    this.#generation = 0;
  }
}
