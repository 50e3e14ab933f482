import type { Address } from "../memory/heap.ts";

/** As many candidates as Redis keeps. */
const capacity = 16;

/** A key that may be evicted: where it is, and its score, which is higher for a better choice. */
export interface EvictionCandidate {
  readonly database: number;
  readonly hash: number;
  readonly address: Address;
  readonly score: number;
}

/**
 * The best candidates for eviction of all samples so far, in the order of their scores. Since a sample is compared with
 * the candidates of earlier samples, the evicted key is a better choice than one sample alone would give.
 */
export class EvictionPool {
  readonly #scores = new Float64Array(capacity);
  readonly #databases = new Int32Array(capacity);
  readonly #hashes = new Int32Array(capacity);
  readonly #addresses = new Int32Array(capacity);
  #count = 0;

  /** Adds a key if there is room, or if it is a better candidate than another. */
  offer(database: number, hash: number, address: Address, score: number): void {
    if (this.#count === capacity && score <= (this.#scores[0] as number)) return;
    if (this.#has(database, address)) return;
    let at = this.#count;
    while (at > 0 && (this.#scores[at - 1] as number) > score) at--;
    if (this.#count === capacity) {
      // The worst candidate, which is the first, is dropped.
      at--;
      this.#move(0, 1, at + 1);
    } else {
      this.#move(at + 1, at, this.#count);
      this.#count++;
    }
    this.#scores[at] = score;
    this.#databases[at] = database;
    this.#hashes[at] = hash;
    this.#addresses[at] = address;
  }

  #has(database: number, address: Address): boolean {
    for (let at = 0; at < this.#count; at++) {
      if (this.#addresses[at] === address && this.#databases[at] === database) return true;
    }
    return false;
  }

  #move(to: number, from: number, end: number): void {
    for (const column of [this.#scores, this.#databases, this.#hashes, this.#addresses]) {
      column.copyWithin(to, from, end);
    }
  }

  /** Removes and gives the best candidate. Its key may have been deleted or used since. */
  takeBest(): EvictionCandidate | undefined {
    if (this.#count === 0) return undefined;
    const at = --this.#count;
    return {
      database: this.#databases[at] as number,
      hash: this.#hashes[at] as number,
      address: this.#addresses[at] as number,
      score: this.#scores[at] as number,
    };
  }

  /** Drops all candidates, because the policy that gave their scores has changed. */
  clear(): void {
    this.#count = 0;
  }
}
