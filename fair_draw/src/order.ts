import { HashColumn } from "./hash-column.ts";
import { scoreOf } from "./seed.ts";
import { sha256 as defaultSha256, type Sha256 } from "./sha256.ts";

/**
 * The order of the drawn entries. Leaves are added in the order of their numbers, and are not kept: an entry takes 32 bytes until its
 * place is known, and about 50 at most.
 */
export class DrawnOrder {
  readonly #seed: Uint8Array;
  readonly #sha256: Sha256;
  readonly #scores = new HashColumn(32);

  constructor(seed: Uint8Array, sha256: Sha256 = defaultSha256) {
    this.#seed = seed;
    this.#sha256 = sha256;
  }

  get count(): number {
    return this.#scores.count;
  }

  add(leaf: Uint8Array): void {
    this.#scores.add(scoreOf(this.#seed, leaf, this.#sha256));
  }

  /** The places from 1. The place of the entry with number n stands at n - 1. */
  places(): Uint32Array {
    const places = new Uint32Array(this.count);
    const order = this.#scores.order();
    for (let rank = 0; rank < order.length; rank++) places[order[rank] as number] = rank + 1;
    return places;
  }
}
