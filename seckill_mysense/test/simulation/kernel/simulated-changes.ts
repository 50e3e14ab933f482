import type { Flaw } from "./flaws.ts";
import type { Lowering, ProductRow } from "./product-row.ts";

export type Change =
  | { readonly kind: "restock"; readonly units: number }
  | { readonly kind: "lower"; readonly units: number }
  | { readonly kind: "pause" | "resume" | "end" | "extend" | "raise the limit" };

export type Settlement = "applied" | "refused" | "unknown";

interface ChangesSurroundings {
  now(): number;
  has(flaw: Flaw): boolean;
  rows(): Iterable<ProductRow>;
  product(productId: string): ProductRow;
}

/** What merchants change, and moves of units between buckets. Each method is one transaction of the ledger. */
export class SimulatedChanges {
  readonly #world: ChangesSurroundings;
  /** The units that each change has added, for the checks. */
  readonly #added = new Map<string, number>();
  /** The revision of each product's latest additional units. */
  readonly restockedAt = new Map<string, number>();
  #revision = 1;

  constructor(world: ChangesSurroundings) {
    this.#world = world;
  }

  nextRevision(): number {
    return ++this.#revision;
  }

  /** What all totals of a product together must have grown by. */
  get unitsAdded(): number {
    return this.#added.values().reduce((sum, units) => sum + units, 0);
  }

  /** Carries a change out, once for each id. Undefined if it is refused. */
  change(changeId: string, productId: string, change: Change): ProductRow | undefined {
    const product = this.#world.product(productId);
    const isKnown = this.#added.has(changeId);
    if (isKnown && !this.#world.has("a restock whose answer is lost counts twice")) return { ...product };
    if (change.kind === "restock" || change.kind === "lower") {
      if (this.#isMoving(productId)) return undefined;
      return change.kind === "restock"
        ? this.#raise(changeId, product, change.units)
        : this.#lower(changeId, product, change.units);
    }
    this.#added.set(changeId, 0);
    if (change.kind === "pause" || change.kind === "resume") product.paused = change.kind === "pause";
    else if (change.kind === "raise the limit") product.limitPerUser++;
    else product.endsAtMs = change.kind === "end" ? this.#world.now() : Number.POSITIVE_INFINITY;
    product.version = this.nextRevision();
    return { ...product };
  }

  /** The gate has answered. Gives the rows after that: of the product, and of the bucket that got units. */
  settle(
    productId: string,
    { epoch, since }: { readonly epoch: number; readonly since: number },
    outcome: Settlement,
  ): { readonly product: ProductRow; readonly receiver?: ProductRow | undefined } {
    const product = this.#world.product(productId);
    const { lowering } = product;
    const isAnother = lowering?.since !== since && !this.#world.has("an answer settles the next lowering");
    if (lowering === undefined || isAnother || product.epoch !== epoch) return { product: { ...product } };
    if (outcome === "unknown" && product.armedEpoch > 0) return { product: { ...product } };
    const before = product.total;
    if (outcome !== "refused") product.total = lowering.total;
    product.lowering = undefined;
    product.version = this.nextRevision();
    const units = before - product.total;
    if (lowering.to === undefined) {
      this.#added.set(`lowering ${lowering.since}`, -units);
      return { product: { ...product } };
    }
    const receiver = this.#world.product(lowering.to);
    const isRaisedAnyway = this.#world.has("a move that was refused brings its units all the same");
    receiver.total += isRaisedAnyway ? before - lowering.total : units;
    receiver.version = product.version;
    return { product: { ...product }, receiver: { ...receiver } };
  }

  /** Asks for units to go from one bucket to another. Undefined if the bucket cannot give them. */
  askForMove({ from, to, units }: { from: string; to: string; units: number }): ProductRow | undefined {
    const [giver, taker] = [this.#world.product(from), this.#world.product(to)];
    const isMoving = giver.lowering !== undefined || taker.lowering !== undefined;
    if (from === to || isMoving || this.#isReceiver(from) || units > giver.total - giver.reserved - giver.sold)
      return undefined;
    this.#ask(giver, { total: giver.total - units, to });
    if (this.#world.has("a bucket gets units before the other one has given them")) {
      taker.total += units;
      taker.version = giver.version;
      giver.lowering = { ...(giver.lowering as Lowering), to: undefined };
    }
    return { ...giver };
  }

  #raise(changeId: string, product: ProductRow, units: number): ProductRow {
    this.#added.set(changeId, units);
    product.total += units;
    product.version = this.nextRevision();
    this.restockedAt.set(product.id, product.version);
    return { ...product };
  }

  #lower(changeId: string, product: ProductRow, units: number): ProductRow | undefined {
    const total = product.total - units;
    if (total < product.reserved + product.sold) return undefined;
    this.#added.set(changeId, 0);
    this.#ask(product, { total });
    if (this.#world.has("the ledger's total falls before the gate's")) {
      product.total = total;
      this.#added.set(changeId, -units);
      product.lowering = undefined;
    }
    return { ...product };
  }

  #ask(product: ProductRow, wanted: Omit<Lowering, "since">): void {
    product.version = this.nextRevision();
    product.lowering = { ...wanted, since: product.version };
  }

  #isMoving(productId: string): boolean {
    return this.#world.product(productId).lowering !== undefined || this.#isReceiver(productId);
  }

  #isReceiver(productId: string): boolean {
    for (const { lowering } of this.#world.rows()) if (lowering?.to === productId) return true;
    return false;
  }
}
