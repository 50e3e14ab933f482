import type { Budget } from "./budget.ts";
import { GrowingInts } from "./growing-ints.ts";
import type { UnknownsUsed } from "./unknowns-used.ts";

/** How far a search has come: everything that decides what is possible from there. */
export interface Configuration {
  /** The next event. All operations that returned before it have taken effect. */
  place: number;
  /** The number of the state. */
  state: number;
  /** The unknown outcomes that have taken effect: a set of `UnknownsUsed`. */
  used: number;
  /** The slots of open operations that have taken effect. */
  readonly done: Int32Array;
}

const fields = 4;
const noRow = -1;
/** So many words of `done` are kept for the price of one configuration. */
const wordsPerCount = 4;

/** The configurations that a search has tried or is sure to try, in some bytes each. */
export class KnownConfigurations {
  readonly #used: UnknownsUsed;
  readonly #budget: Budget;
  readonly #stride: number;
  /** For each row the next one with the same hash, the place, the state, the unknowns used, and the words of `done`. */
  readonly #rows = new GrowingInts();
  #heads = new Int32Array(1024).fill(noRow);
  count = 0;

  constructor(used: UnknownsUsed, words: number, budget: Budget) {
    this.#used = used;
    this.#budget = budget;
    this.#stride = fields + words;
  }

  add(configuration: Configuration): void {
    if (this.count === this.#heads.length) this.#grow();
    const bucket = this.#hash(configuration) & (this.#heads.length - 1);
    const { place, state, used, done } = configuration;
    const row = this.#rows.push(this.#heads[bucket] as number);
    for (const value of [place, state, used, ...done]) this.#rows.push(value);
    this.#heads[bucket] = row;
    this.count++;
    this.#budget.keep(Math.ceil(done.length / wordsPerCount));
  }

  /**
   * Whether this one need not be tried, because one that can do as much is known. An unknown outcome that has not taken
   * effect may still do so later, or never: so a configuration that has used more of them can do nothing more, and needs
   * as many steps to the end. Also true when the limits are reached: then there is no verdict.
   */
  includes(configuration: Configuration): boolean {
    if (this.count === 0) return false;
    let row = this.#heads[this.#hash(configuration) & (this.#heads.length - 1)] as number;
    for (; row !== noRow; row = this.#rows.get(row)) {
      if (!this.#isSame(row, configuration)) continue;
      if (!this.#budget.step() || this.#used.isSubset(this.#rows.get(row + 3), configuration.used)) return true;
    }
    return false;
  }

  #isSame(row: number, { place, state, done }: Configuration): boolean {
    if (this.#rows.get(row + 1) !== place || this.#rows.get(row + 2) !== state) return false;
    for (let word = 0; word < done.length; word++) {
      if (this.#rows.get(row + fields + word) !== done[word]) return false;
    }
    return true;
  }

  #hash({ place, state, done }: Configuration): number {
    let hash = mix(place, state);
    for (let word = 0; word < done.length; word++) hash = mix(hash, done[word] as number);
    return hash >>> 0;
  }

  #grow(): void {
    this.#heads = new Int32Array(this.#heads.length * 2).fill(noRow);
    const done = new Int32Array(this.#stride - fields);
    for (let row = 0; row < this.#rows.length; row += this.#stride) {
      for (let word = 0; word < done.length; word++) done[word] = this.#rows.get(row + fields + word);
      const configuration = { place: this.#rows.get(row + 1), state: this.#rows.get(row + 2), used: noRow, done };
      const bucket = this.#hash(configuration) & (this.#heads.length - 1);
      this.#rows.set(row, this.#heads[bucket] as number);
      this.#heads[bucket] = row;
    }
  }
}

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15) ^ Math.imul(value, 0x9e37_79b1), 0x85eb_ca6b);
  return mixed ^ (mixed >>> 13);
}
