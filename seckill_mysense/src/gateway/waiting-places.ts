import type { LedgerWaiters } from "../ledger/waiters.ts";

interface KnownList {
  /** In their order. */
  readonly places: readonly number[];
  readonly atMs: number;
}

/** A list that is older than this is read again. */
const freshMs = 500;
/** Most lists that are kept; each has at most as many places as may wait. */
const maxKept = 256;

/**
 * How many come before a place. Those who wait ask every few seconds, and counting costs as much as the list is long. So
 * each list is read at most twice a second, however many ask.
 */
export class WaitingPlaces {
  readonly #waiters: Pick<LedgerWaiters, "places">;
  readonly #elapsedMs: () => number;
  readonly #known = new Map<string, KnownList>();
  readonly #reading = new Map<string, Promise<KnownList>>();

  constructor(waiters: Pick<LedgerWaiters, "places">, elapsedMs: () => number) {
    this.#waiters = waiters;
    this.#elapsedMs = elapsedMs;
  }

  async before(productId: string, place: number): Promise<number> {
    const known = this.#known.get(productId);
    const isNew = known === undefined || this.#elapsedMs() - known.atMs > freshMs || place > (known.places.at(-1) ?? 0);
    return countBelow(isNew ? await this.#read(productId, place) : known.places, place);
  }

  /** A reading that had begun before the caller joined does not know it yet, and is followed by one for all such callers. */
  async #read(productId: string, place: number): Promise<readonly number[]> {
    const running = await this.#reading.get(productId);
    if (running !== undefined && place <= (running.places.at(-1) ?? 0)) return running.places;
    let reading = this.#reading.get(productId);
    if (reading === undefined) {
      reading = this.#readNow(productId).finally(() => this.#reading.delete(productId));
      this.#reading.set(productId, reading);
    }
    return (await reading).places;
  }

  async #readNow(productId: string): Promise<KnownList> {
    const list = { atMs: this.#elapsedMs(), places: await this.#waiters.places(productId) };
    // The one that was read the longest time ago goes first.
    this.#known.delete(productId);
    for (const oldest of this.#known.keys()) if (this.#known.size >= maxKept) this.#known.delete(oldest);
    this.#known.set(productId, list);
    return list;
  }
}

function countBelow(places: readonly number[], place: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (places[middle]! < place) low = middle + 1;
    else high = middle;
  }
  return low;
}
