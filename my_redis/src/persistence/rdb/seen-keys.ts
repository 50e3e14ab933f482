import { HalfSipHash } from "../../memory/half-sip-hash.ts";

const partitionBits = 12;
/** Hashes for which a partition has room at first. */
const firstRoom = 16;
/** Makes the hashes of one key in two databases differ. */
const databaseFactor = 0x9e3779b1;

/**
 * Tells whether a key of a snapshot was there before, by a 64-bit hash of each key: 11 to 22 bytes a key. Two different
 * keys of n have the same hash with a probability of n² / 2^65, which is 0.0003 for a hundred million keys. The hash is
 * another one each time, so a snapshot that was wrongly refused is accepted at the next try.
 */
export class SeenKeys {
  readonly #high: HalfSipHash;
  readonly #low: HalfSipHash;
  /** Many small tables: a single one would be copied in one long step when it grows. */
  readonly #partitions: (Partition | undefined)[] = new Array(2 ** partitionBits);

  /** `random` gives numbers in [0, 1). */
  constructor(random: () => number) {
    const seed = (): number => Math.floor(random() * 2 ** 32);
    this.#high = new HalfSipHash(seed(), seed());
    this.#low = new HalfSipHash(seed(), seed());
  }

  /** False when this key of this database was added before. */
  add(database: number, key: Uint8Array, start: number, end: number): boolean {
    const high = this.#high.hash(key, start, end) ^ Math.imul(database, databaseFactor);
    const low = this.#low.hash(key, start, end);
    const number = high & (2 ** partitionBits - 1);
    const partition = (this.#partitions[number] ??= new Partition());
    // Two zeros mark a free slot.
    return partition.add(high, high === 0 && low === 0 ? 1 : low);
  }
}

/** A table of pairs of 32-bit words. */
class Partition {
  #slots = new Int32Array(2 * firstRoom);
  #size = 0;

  add(high: number, low: number): boolean {
    if (4 * this.#size >= 3 * (this.#slots.length / 2)) this.#grow();
    const at = this.#placeOf(high, low);
    const slots = this.#slots;
    if (slots[at] !== 0 || slots[at + 1] !== 0) return false;
    slots[at] = high;
    slots[at + 1] = low;
    this.#size++;
    return true;
  }

  /** The slot of this pair, or the free one where it belongs. */
  #placeOf(high: number, low: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = (low << 1) & mask;
    while ((slots[at] !== 0 || slots[at + 1] !== 0) && (slots[at] !== high || slots[at + 1] !== low)) {
      at = (at + 2) & mask;
    }
    return at;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(2 * old.length);
    for (let from = 0; from < old.length; from += 2) {
      const high = old[from] as number;
      const low = old[from + 1] as number;
      if (high === 0 && low === 0) continue;
      const at = this.#placeOf(high, low);
      this.#slots[at] = high;
      this.#slots[at + 1] = low;
    }
  }
}
