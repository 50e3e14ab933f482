import type { OfferResult } from "./offer-units.ts";

/** The waiting lists of all products, as one round of offers left them. */
export interface OfferFigures {
  /** The longest lists: product id to how many wait. */
  readonly longest: Readonly<Record<string, number>>;
  readonly lists: number;
  readonly waiting: number;
  /** Since when a unit has been free although somebody waits, by the monotonic clock; undefined if there is none. */
  readonly freeSinceMs: number | undefined;
}

/** Products that a metric names; all others count in the sums only. */
const maxNamed = 20;

/** Remembers from round to round which units stay free although somebody waits for them. */
export class OfferWatch {
  readonly #elapsedMs: () => number;
  readonly #freeSinceMs = new Map<string, number>();
  #waiting: ReadonlyMap<string, number> = new Map();
  #notServed: string | undefined;

  constructor(elapsedMs: () => number) {
    this.#elapsedMs = elapsedMs;
  }

  /** Why some lists cannot be served, in words; undefined while all of them can. */
  get notServed(): string | undefined {
    return this.#notServed;
  }

  note({ waiting, free, failed, reason }: OfferResult): void {
    this.#waiting = waiting;
    this.#notServed = failed > 0 ? `${failed} waiting lists cannot be served: ${reason}` : undefined;
    for (const productId of this.#freeSinceMs.keys()) if (!free.has(productId)) this.#freeSinceMs.delete(productId);
    for (const productId of free)
      if (!this.#freeSinceMs.has(productId)) this.#freeSinceMs.set(productId, this.#elapsedMs());
  }

  get figures(): OfferFigures {
    const sorted = [...this.#waiting].toSorted(([, a], [, b]) => b - a);
    const since = [...this.#freeSinceMs.values()];
    return {
      longest: Object.fromEntries(sorted.slice(0, maxNamed)),
      lists: sorted.length,
      waiting: sorted.reduce((sum, [, count]) => sum + count, 0),
      freeSinceMs: since.length === 0 ? undefined : Math.min(...since),
    };
  }
}
