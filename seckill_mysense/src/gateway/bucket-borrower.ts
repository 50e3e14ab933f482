import { groupBuckets } from "../domain/buckets.ts";
import { type Gate, sellsIn } from "../gate/gate.ts";
import { type MoveParts, moveUnits } from "../sales/move-units.ts";
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

export interface BucketBorrowerOptions extends MoveParts {
  readonly gate: Pick<Gate, "status">;
  /** Milliseconds of a monotonic clock. */
  readonly elapsedMs: () => number;
}

export interface BucketRequest {
  readonly quantity: number;
  readonly ask: () => Promise<GateAnswer>;
}

/** For this long nobody looks again whether all buckets of a product are empty. */
const emptyForMs = 100;
/** Moves for one request: others may take what they bring. */
const maxMoves = 8;
/** Buckets that are asked for units, one after the other, until one can give some. */
const maxAsked = 4;

/**
 * Gets units for an empty bucket from the other buckets of its product. The bucket with the most units gives half of
 * them: the gate takes them out of it, then the ledger gives them to the other one, then the gate puts them there.
 */
export class BucketBorrower {
  readonly counts: Record<Borrowed["kind"], number> = { moved: 0, behind: 0, empty: 0, unknown: 0 };
  readonly #options: BucketBorrowerOptions;
  /** One for each bucket at a time, however many buyers wait for it. */
  readonly #running = new Map<string, Promise<Borrowed>>();
  /** Until when a product counts as empty. */
  readonly #emptyUntilMs = new WeakMap<readonly CatalogueProduct[], number>();

  constructor(options: BucketBorrowerOptions) {
    this.#options = options;
  }

  /** Asks the gate with `ask`. An empty bucket is not a sold-out product: units are moved there, and the gate is asked again. */
  reserve(bucket: CatalogueProduct, request: BucketRequest): Promise<GateAnswer> {
    return bucket.buckets.length === 1 ? request.ask() : this.#reserve(bucket, request);
  }

  async #reserve(bucket: CatalogueProduct, { quantity, ask }: BucketRequest): Promise<GateAnswer> {
    const soldOut = await ask();
    if (soldOut.kind !== "sold_out") return soldOut;
    for (let moves = 0; moves < maxMoves; moves++) {
      const borrowed = await this.#borrow(bucket, quantity);
      // The look may have been for a buyer who wants more: what is too few for that one can be enough for this one.
      if (borrowed.kind === "empty" && borrowed.left < quantity) return { ...soldOut, left: borrowed.left };
      if (borrowed.kind === "behind") return { ...soldOut, left: 0 };
      if (borrowed.kind === "unknown") return { kind: "busy" };
      const outcome = await ask();
      if (outcome.kind !== "sold_out") return outcome;
    }
    return { kind: "busy" };
  }

  async #borrow(bucket: CatalogueProduct, quantity: number): Promise<Borrowed> {
    const { id } = bucket.product;
    if (this.#options.elapsedMs() < (this.#emptyUntilMs.get(bucket.buckets) ?? 0)) return { kind: "empty", left: 0 };
    const running = this.#running.get(id);
    if (running !== undefined) return running;
    const borrowing = this.#move(bucket, quantity).catch((): Borrowed => ({ kind: "unknown" }));
    this.#running.set(id, borrowing);
    try {
      const borrowed = await borrowing;
      this.counts[borrowed.kind]++;
      if (borrowed.kind === "empty" && borrowed.left === 0) {
        this.#emptyUntilMs.set(bucket.buckets, this.#options.elapsedMs() + emptyForMs);
      }
      return borrowed;
    } finally {
      this.#running.delete(id);
    }
  }

  async #move(bucket: CatalogueProduct, quantity: number): Promise<Borrowed> {
    const states = await Promise.all(bucket.buckets.map((one) => this.#stateOf(one)));
    const own = states.find((state) => state.entry === bucket)!;
    // What comes into the bucket is offered to those who wait for it. Units of other buckets are on sale all the same.
    if (own.isWaiting) return { kind: states.some(({ available }) => available > 0) ? "unknown" : "behind" };
    if (own.available >= quantity) return { kind: "moved" };
    const left = states.reduce((sum, { available }) => sum + available, 0);
    if (left < quantity) return isWhole(states) ? { kind: "empty", left } : { kind: "unknown" };
    const givers = states.filter((state) => state !== own && state.available > 0);
    const fullest = givers.toSorted((a, b) => b.available - a.available).slice(0, maxAsked);
    const offers = fullest.map(({ entry, available }) => ({
      id: entry.product.id,
      units: Math.min(available, Math.max(Math.ceil(available / 2), quantity - own.available)),
    }));
    // If the node of one that is in a move is away, that may last: so several are asked.
    await moveUnits(this.#options, own.entry.product.id, offers);
    // Whatever becomes of it, the next look at the buckets tells.
    return { kind: "moved" };
  }

  async #stateOf(entry: CatalogueProduct): Promise<BucketState> {
    const { sale, product } = entry;
    const unknown = { entry, available: 0, total: undefined, isWaiting: false };
    // A node that did not answer the stock watch would make every buyer wait for the gate's time limit.
    if (entry.available === null) return unknown;
    const status = await this.#options.gate.status(sale.id, product.id).catch(() => undefined);
    if (!sellsIn(status, product.epoch)) return unknown;
    // Free units are kept for those who wait for this bucket.
    const available = status.waiting ? 0 : status.available;
    return { entry, available, total: status.total, isWaiting: status.waiting };
  }
}

interface BucketState {
  readonly entry: CatalogueProduct;
  readonly available: number;
  /** Undefined if the gate did not say. */
  readonly total: number | undefined;
  readonly isWaiting: boolean;
}

/**
 * Whether no unit is outside the buckets. A move keeps the sum of the ledger's totals, and the gate's sum is lower while
 * units are on their way.
 */
function isWhole(states: readonly BucketState[]): boolean {
  let missing = 0;
  for (const { entry, total } of states) {
    if (total === undefined) return false;
    missing += entry.product.total - total;
  }
  return missing <= 0;
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
