/**
 * Remembers which reservations the gate has refused, in a table of fixed size. An entry that is overwritten costs one
 * more question to the gate, nothing else.
 */
export class RefusedReservations {
  readonly #fingerprints: Uint32Array;
  readonly #mask: number;

  /** `capacity` is rounded up to a power of two; 4 bytes each. */
  constructor(capacity: number) {
    const size = 2 ** Math.ceil(Math.log2(capacity));
    this.#fingerprints = new Uint32Array(size);
    this.#mask = size - 1;
  }

  /** `generation` makes all entries of an earlier one invalid at once. */
  add(reservationId: string, generation: number): void {
    this.#fingerprints[this.#slot(reservationId)] = fingerprint(reservationId, generation);
  }

  has(reservationId: string, generation: number): boolean {
    return this.#fingerprints[this.#slot(reservationId)] === fingerprint(reservationId, generation);
  }

  #slot(reservationId: string): number {
    return Bun.hash.murmur32v3(reservationId) & this.#mask;
  }
}

function fingerprint(reservationId: string, generation: number): number {
  // Zero is what an empty slot holds.
  return (Bun.hash.murmur32v3(reservationId, generation) | 1) >>> 0;
}

/** Generations are unique in the process, so that products can share one table. */
let generations = 1;

/**
 * Spares the gate those who ask again for what is sold out. It never answers for somebody whom the gate has not itself
 * refused in this epoch: he could hold a reservation whose answer was lost on the way to him.
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

  /** Whether this reservation may be refused without asking the gate. */
  refuses(reservationId: string, nowMs: number): boolean {
    if (this.#generation === 0) return false;
    if (nowMs >= this.#untilMs) {
      // One request goes through to look; the others are refused until its answer is here, or the next one looks.
      this.#untilMs = nowMs + this.#lifetimeMs;
      return false;
    }
    return this.#refused.has(reservationId, this.#generation);
  }

  /** The gate has said sold out to this reservation. */
  soldOut(reservationId: string, epoch: number, nowMs: number): void {
    if (this.#generation === 0 || epoch > this.#epoch) {
      this.#epoch = epoch;
      this.#generation = ++generations;
    }
    // A late answer from an epoch that is over says nothing about this one.
    if (epoch < this.#epoch) return;
    this.#untilMs = nowMs + this.#lifetimeMs;
    this.#refused.add(reservationId, this.#generation);
  }

  /** There is stock again, or another epoch: everybody may ask. */
  clear(): void {
    this.#generation = 0;
  }
}
