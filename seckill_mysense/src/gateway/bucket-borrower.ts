import { groupBuckets } from "../domain/buckets.ts";
import { type MoveParts, moveUnits } from "../sales/move-units.ts";
import { BucketReadings, type BucketReadingsParts, type BucketState } from "./bucket-readings.ts";
import type { CatalogueProduct } from "./catalogue-product.ts";
import type { GateAnswer } from "./gate-calls.ts";

/**
 * `behind`: others wait for the units of this bucket.
 * `moved`: the bucket may have enough units now. `empty`: all buckets together have only so many, fewer than are wanted.
 * `unknown`: a bucket did not answer, or units are between two buckets.
 */
type Borrowed =
  | { readonly kind: "moved" | "behind" }
  | { readonly kind: "empty"; readonly left: number }
  | { readonly kind: "unknown" };

export interface BucketBorrowerOptions extends MoveParts, Omit<BucketReadingsParts, "changes"> {
  readonly changes: MoveParts["changes"] & BucketReadingsParts["changes"];
}

export interface BucketRequest {
  readonly quantity: number;
  readonly ask: () => Promise<GateAnswer>;
}

/** Moves for one request: others may take what they bring. */
const maxMoves = 8;
/** Buckets that are asked for units, one after the other, until one can give some. */
const maxAsked = 4;

/**
 * Gets units for an empty bucket from the other buckets of its product. The bucket with the most units gives half of
 * them: the gate takes them out of it, then the ledger gives them to the other one, then the gate puts them there.
 */
export class BucketBorrower {
  /** The moves, and the requests at an empty bucket to which nothing could be moved, by the reason. */
  readonly counts: Record<Borrowed["kind"], number> = { moved: 0, behind: 0, empty: 0, unknown: 0 };
  readonly #options: BucketBorrowerOptions;
  readonly #readings: BucketReadings;
  /** One for each bucket at a time, however many buyers wait for it. */
  readonly #moves = new Map<string, Promise<Borrowed>>();

  constructor(options: BucketBorrowerOptions) {
    this.#options = options;
    this.#readings = new BucketReadings(options);
  }

  /** Asks the gate with `ask`. An empty bucket is not a sold-out product: units are moved there, and the gate is asked again. */
  reserve(bucket: CatalogueProduct, request: BucketRequest): Promise<GateAnswer> {
    return bucket.buckets.length === 1 ? request.ask() : this.#reserve(bucket, request);
  }

  async #reserve(bucket: CatalogueProduct, { quantity, ask }: BucketRequest): Promise<GateAnswer> {
    const soldOut = await ask();
    if (soldOut.kind !== "sold_out") return soldOut;
    for (let moves = 0; moves < maxMoves; moves++) {
      const borrowed = await this.#borrow(bucket, quantity).catch((): Borrowed => ({ kind: "unknown" }));
      if (borrowed.kind !== "moved") this.counts[borrowed.kind]++;
      if (borrowed.kind === "empty") return { ...soldOut, left: borrowed.left };
      if (borrowed.kind === "behind") return { ...soldOut, left: 0 };
      if (borrowed.kind === "unknown") return { kind: "busy" };
      const outcome = await ask();
      if (outcome.kind !== "sold_out") return outcome;
    }
    return { kind: "busy" };
  }

  async #borrow(bucket: CatalogueProduct, quantity: number): Promise<Borrowed> {
    const { id } = bucket.product;
    const moving = this.#moves.get(id);
    if (moving !== undefined) return moving;
    const reading = await this.#readings.next(bucket.buckets);
    const { available: left } = reading;
    const own = reading.states.find(({ entry }) => entry === bucket)!;
    if (!own.isWaiting && own.available >= quantity) return { kind: "moved" };
    if (left < quantity && (await reading.isWhole())) {
      return own.isWaiting ? { kind: "behind" } : { kind: "empty", left };
    }
    // A move that has begun meanwhile may be what is missing.
    const begun = this.#moves.get(id);
    if (begun !== undefined) return begun;
    // What comes into the bucket is offered to those who wait for it. Units of other buckets are on sale all the same.
    if (own.isWaiting || left < quantity) return { kind: "unknown" };
    const move = this.#move(own, reading.states, quantity).finally(() => this.#moves.delete(id));
    this.#moves.set(id, move);
    return move;
  }

  async #move(own: BucketState, states: readonly BucketState[], quantity: number): Promise<Borrowed> {
    const givers = states.filter((state) => state !== own && state.available > 0);
    const fullest = givers.toSorted((a, b) => b.available - a.available).slice(0, maxAsked);
    const offers = fullest.map(({ entry, available }) => ({
      id: entry.product.id,
      units: Math.min(available, Math.max(Math.ceil(available / 2), quantity - own.available)),
    }));
    // If the node of one that is in a move is away, that may last: so several are asked.
    await moveUnits(this.#options, own.entry.product.id, offers);
    this.counts.moved++;
    // Whatever becomes of it, the next reading of the buckets tells.
    return { kind: "moved" };
  }
}

/** Puts each product's buckets together, in their order: every bucket then knows all of them. */
export function joinBuckets(entries: Iterable<CatalogueProduct>): CatalogueProduct[] {
  const groups = groupBuckets(entries, ({ product }) => product.id);
  for (const group of groups) for (const entry of group) entry.buckets = group;
  return groups.map(([first]) => first!);
}

/** Null if nothing is known. A bucket whose gate does not answer sells nothing. */
export function availableIn(buckets: readonly CatalogueProduct[]): number | null {
  const known = buckets.filter(({ available }) => available !== null);
  return known.length === 0 ? null : known.reduce((sum, { available }) => sum + available!, 0);
}

/** All units of a product. */
export function totalOf(buckets: readonly CatalogueProduct[]): number {
  return buckets.reduce((sum, { product }) => sum + product.total, 0);
}
