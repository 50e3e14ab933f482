import { groupBuckets, productOf } from "../domain/buckets.ts";
import type { CheckPrice } from "../domain/price.ts";
import { productsAtGate, type SaleChange } from "../domain/sale-change.ts";
import {
  isLeaving,
  type Lowering,
  type ProductRecord,
  type Sale,
  type SaleContent,
  type SaleProduct,
  type SaleRecord,
} from "../domain/sale.ts";
import type { Gate } from "../gate/gate.ts";
import {
  type ChangedSale,
  type ChangeOptions,
  type CreateOptions,
  type LedgerChanges,
  type LoggedChange,
  UnitsGoneError,
} from "../ledger/changes.ts";
import type { LedgerOrders } from "../ledger/orders.ts";
import type { LedgerGates } from "../ledger/gates.ts";
import { pause } from "../time/pause.ts";
import { type Amended, amendProduct } from "./amend-product.ts";
import { checkPrices, repriced } from "./check-prices.ts";

export interface SaleServiceParts {
  readonly changes: LedgerChanges;
  readonly orders: Pick<LedgerOrders, "releaseCancelled">;
  readonly gates: Pick<LedgerGates, "read">;
  /** Undefined while no gate runs, so that nothing is being sold. */
  readonly gate: Pick<Gate, "amend"> | undefined;
  /** Undefined where any price can be paid. */
  readonly checkPrice?: CheckPrice;
}

/** There is no such sale. */
export class UnknownSaleError extends Error {
  override readonly name = "UnknownSaleError";
}

/**
 * The change stands in the ledger, but has not reached the gate: the gate is away, or closed to be compared or rebuilt.
 * The gateways bring it there as soon as they can.
 */
export class GateBehindError extends Error {
  override readonly name = "GateBehindError";
}

export interface WaitOptions {
  /** How long to wait until the gate has the change, in milliseconds; 0 to ask it once. */
  readonly waitMs?: number | undefined;
}

/** Pause between two tries to bring a change to the gate. */
const tryEveryMs = 250;
/** Products that are brought to the gate at a time. */
const maxConcurrent = 64;
/** Orders of a cancelled sale that are released in one step. */
const releaseStep = 1_000;

/**
 * What a merchant does with sales. A change is done when the ledger has it and the gate sells by it. Gateways and relays
 * follow the ledger by themselves, within a second.
 */
export class SaleService {
  readonly #parts: SaleServiceParts;

  constructor(parts: SaleServiceParts) {
    this.#parts = parts;
  }

  list(): Promise<SaleRecord[]> {
    return this.#parts.changes.list();
  }

  async read(saleId: string): Promise<SaleContent> {
    return knownSale(saleId, await this.#parts.changes.read(saleId));
  }

  async history(saleId: string, limit: number): Promise<LoggedChange[]> {
    await this.read(saleId);
    return this.#parts.changes.history(saleId, limit);
  }

  /** @throws InvalidSaleError, also for a price that nobody could pay; what `LedgerChanges.create` throws */
  async create(sale: Sale, products: readonly SaleProduct[], options: CreateOptions): Promise<SaleContent> {
    const { changes, checkPrice } = this.#parts;
    if (checkPrice !== undefined) checkPrices(sale.id, products, checkPrice);
    return changes.create(sale, products, options);
  }

  /**
   * Changes a sale and brings the change to the gate. Also throws what `LedgerChanges.change` throws.
   * @throws UnknownSaleError, UnitsGoneError, GateBehindError when the gate does not have the change within `waitMs`
   */
  async change(saleId: string, change: SaleChange, options: ChangeOptions & WaitOptions): Promise<SaleContent> {
    const { changes, checkPrice } = this.#parts;
    if (checkPrice !== undefined && change.kind === "update") {
      checkPrices(saleId, repriced(change, (await this.read(saleId)).products), checkPrice);
    }
    const content = knownSale(saleId, await changes.change(saleId, change, options));
    try {
      const named = productsAtGate(change);
      const ids = content.products.map(({ id }) => id);
      const buckets = named === undefined ? ids : ids.filter((id) => named.includes(productOf(id)));
      return await this.#carryOut(content, new Set(buckets), options);
    } finally {
      // Also while the gate is away: the ledger records no further order of the sale.
      if (change.kind === "cancel") await this.#release();
    }
  }

  /** Brings what the ledger has of a sale to the gate. @throws as `change` */
  async carryOut(saleId: string, options: WaitOptions = {}): Promise<SaleContent> {
    const content = await this.read(saleId);
    const lowerings = new Map<string, Lowering>();
    for (const { id, lowering } of content.products) if (isLeaving(lowering)) lowerings.set(id, lowering);
    return this.#carryOut({ ...content, lowerings }, new Set(content.products.map(({ id }) => id)), options);
  }

  async #carryOut(
    changed: ChangedSale,
    buckets: ReadonlySet<string>,
    { waitMs = 0 }: WaitOptions,
  ): Promise<SaleContent> {
    const { gate } = this.#parts;
    const { sale } = changed;
    if (gate === undefined || sale.state === "draft") return this.#settled(changed);
    let now: SaleContent = changed;
    for (let leftMs = waitMs; ; leftMs -= tryEveryMs) {
      try {
        const products = now.products.filter(({ id }) => buckets.has(id));
        await this.#bringToGate(gate, now.sale, products);
        return await this.#settled(changed);
      } catch (error) {
        if (!(error instanceof GateBehindError) || leftMs <= 0) throw error;
      }
      await pause(tryEveryMs);
      // A gate that was rebuilt meanwhile is in another epoch.
      now = await this.read(sale.id);
    }
  }

  /** The sale as it is now, unless a product has not, or will not have, the lower total that was asked for. */
  async #settled({ sale: { id }, products: before, lowerings }: ChangedSale): Promise<SaleContent> {
    const after = knownSale(id, await this.#parts.changes.read(id));
    if (lowerings.size === 0) return after;
    const refused = new Set(await this.#parts.changes.refused(id, lowerings));
    const totals = new Map(after.products.map((bucket) => [bucket.id, bucket.total]));
    const waiting = new Set(
      after.products.filter((bucket) => isSame(bucket.lowering, lowerings.get(bucket.id))).map((bucket) => bucket.id),
    );
    for (const buckets of groupBuckets(before, (bucket) => bucket.id)) {
      const what = `sale ${id}: product ${productOf(buckets[0]!.id)}`;
      const goal = sum(buckets, (bucket) => lowerings.get(bucket.id)?.total ?? bucket.total);
      if (buckets.some((bucket) => waiting.has(bucket.id))) {
        throw new GateBehindError(`${what}: its units go to ${goal} as soon as the gate has the product`);
      }
      // A gateway may have asked the gate first, and been refused; of several buckets, some may have had the units.
      if (buckets.some((bucket) => refused.has(bucket.id))) {
        const kept = sum(buckets, (bucket) => totals.get(bucket.id)!);
        throw new UnitsGoneError(`${what}: units cannot be ${goal}: it keeps ${kept}`);
      }
    }
    return after;
  }

  async #release(): Promise<void> {
    while ((await this.#parts.orders.releaseCancelled(releaseStep)) > 0);
  }

  async #bringToGate(gate: Pick<Gate, "amend">, sale: SaleRecord, products: readonly ProductRecord[]): Promise<void> {
    let next = 0;
    const failures: Error[] = [];
    const unarmed: string[] = [];
    const work = async (): Promise<void> => {
      for (let product = products[next++]; product !== undefined; product = products[next++]) {
        try {
          const outcome = await amendProduct({ gate, changes: this.#parts.changes }, sale, product);
          if (outcome.kind === "unarmed") unarmed.push(product.id);
          else refuseUndone(sale, product, outcome);
        } catch (error) {
          failures.push(error as Error);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(maxConcurrent, products.length) }, work));
    // What nobody ever armed is not sold, and is armed with the ledger's records of then.
    const lost = (await this.#parts.gates.read(unarmed)).find(({ armedEpoch }) => armedEpoch > 0);
    if (lost !== undefined) failures.push(new GateBehindError(whenOpen(lost.product)));
    const [failure] = failures;
    if (failure === undefined) return;
    throw new GateBehindError(
      `sale ${sale.id}: version ${sale.version} is recorded, but the gate does not have it yet: ${failure.message}`,
      { cause: failure },
    );
  }
}

/** A refused lowering is told when all buckets have answered. @throws GateBehindError */
function refuseUndone(sale: SaleRecord, product: ProductRecord, outcome: Amended): void {
  if (outcome.kind === "problem") throw new GateBehindError(`product ${product.id}: ${outcome.problem}`);
  if (outcome.kind === "closed") throw new GateBehindError(whenOpen(product));
}

function isSame(now: Lowering | undefined, asked: Lowering | undefined): boolean {
  return asked !== undefined && now?.since === asked.since;
}

function sum(buckets: readonly ProductRecord[], unitsOf: (bucket: ProductRecord) => number): number {
  return buckets.reduce((units, bucket) => units + unitsOf(bucket), 0);
}

function whenOpen({ id }: ProductRecord): string {
  return `product ${id} is closed to be compared or rebuilt, and the change takes effect when the gate is open again`;
}

/** @throws UnknownSaleError */
export function knownSale<Content>(saleId: string, content: Content | undefined): Content {
  if (content !== undefined) return content;
  throw new UnknownSaleError(`there is no sale ${JSON.stringify(saleId)}`);
}
