import { groupBuckets, productOf } from "../domain/buckets.ts";
import type { SaleChange } from "../domain/sale-change.ts";
import type { Lowering, ProductRecord, Sale, SaleContent, SaleProduct, SaleRecord } from "../domain/sale.ts";
import type { Gate } from "../gate/gate.ts";
import {
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

export interface SaleServiceParts {
  readonly changes: LedgerChanges;
  readonly orders: Pick<LedgerOrders, "releaseCancelled">;
  readonly gates: Pick<LedgerGates, "read">;
  /** Undefined while no gate runs, so that nothing is being sold. */
  readonly gate: Pick<Gate, "amend"> | undefined;
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

interface CarryOutOptions extends ChangeOptions, WaitOptions {
  /** The change may have been made before: then it may have been followed by others. */
  readonly isRepeated?: boolean | undefined;
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
    return known(saleId, await this.#parts.changes.read(saleId));
  }

  async history(saleId: string, limit: number): Promise<LoggedChange[]> {
    await this.read(saleId);
    return this.#parts.changes.history(saleId, limit);
  }

  create(sale: Sale, products: readonly SaleProduct[], options: CreateOptions): Promise<SaleContent> {
    return this.#parts.changes.create(sale, products, options);
  }

  /**
   * Changes a sale and brings the change to the gate. Also throws what `LedgerChanges.change` throws.
   * @throws UnknownSaleError, UnitsGoneError, GateBehindError when the gate does not have the change within `waitMs`
   */
  async change(saleId: string, change: SaleChange, options: CarryOutOptions): Promise<SaleContent> {
    const content = known(saleId, await this.#parts.changes.change(saleId, change, options));
    try {
      const asked = options.isRepeated === true ? content.products : latest(content.products);
      return await this.#carryOut(content, asked, options);
    } finally {
      // Also while the gate is away: the ledger records no further order of the sale.
      if (change.kind === "cancel") await this.#release();
    }
  }

  /** Brings what the ledger has of a sale to the gate. @throws as `change` */
  async carryOut(saleId: string, options: WaitOptions = {}): Promise<SaleContent> {
    const content = await this.read(saleId);
    return this.#carryOut(content, content.products, options);
  }

  async #carryOut(
    content: SaleContent,
    asked: readonly ProductRecord[],
    { waitMs = 0 }: WaitOptions,
  ): Promise<SaleContent> {
    const { gate } = this.#parts;
    const { sale } = content;
    if (gate === undefined || sale.state === "draft") return this.#settled(content, asked);
    const ids = new Set(asked.map(({ id }) => id));
    let now = content;
    for (let leftMs = waitMs; ; leftMs -= tryEveryMs) {
      try {
        const products = now.products.filter(({ id }) => ids.has(id));
        await this.#bringToGate(gate, now.sale, products);
        return await this.#settled(content, asked);
      } catch (error) {
        if (!(error instanceof GateBehindError) || leftMs <= 0) throw error;
      }
      await pause(tryEveryMs);
      // A gate that was rebuilt meanwhile is in another epoch.
      now = await this.read(sale.id);
    }
  }

  /** The sale as it is now, unless a product has not, or will not have, the lower total that was asked for. */
  async #settled(
    { sale: { id }, products: before }: SaleContent,
    asked: readonly ProductRecord[],
  ): Promise<SaleContent> {
    const after = known(id, await this.#parts.changes.read(id));
    const wanted = new Map(asked.map((bucket) => [bucket.id, bucket.lowering]));
    for (const buckets of groupBuckets(before, (bucket) => bucket.id)) {
      const lowered = buckets.filter((bucket) => isLeaving(wanted.get(bucket.id)));
      if (lowered.length === 0) continue;
      const what = `sale ${id}: product ${productOf(buckets[0]!.id)}`;
      const now = after.products.filter((bucket) => buckets.some((one) => one.id === bucket.id));
      const goal = buckets.reduce((sum, bucket) => sum + wantedOf(bucket, wanted.get(bucket.id)), 0);
      if (now.some((bucket) => isLeaving(bucket.lowering) && bucket.lowering?.since === wanted.get(bucket.id)?.since)) {
        throw new GateBehindError(`${what}: its units go to ${goal} as soon as the gate has the product`);
      }
      // A gateway may have asked the gate first, and been refused; of several buckets, some may have had the units.
      const total = now.reduce((sum, bucket) => sum + bucket.total, 0);
      if (total > goal) throw new UnitsGoneError(`${what}: units cannot be ${goal}: it keeps ${total}`);
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

/** Whether units are to leave the sale; those of a move stay in it. */
function isLeaving(lowering: Lowering | undefined): boolean {
  return lowering !== undefined && lowering.to === undefined;
}

function wantedOf({ total }: ProductRecord, lowering: Lowering | undefined): number {
  return isLeaving(lowering) ? lowering!.total : total;
}

function whenOpen({ id }: ProductRecord): string {
  return `product ${id} is closed to be compared or rebuilt, and the change takes effect when the gate is open again`;
}

/** The products of the latest change: it gave all of them the same revision. */
function latest(products: readonly ProductRecord[]): ProductRecord[] {
  const newest = products.reduce((most, { revision }) => Math.max(most, revision), 0);
  return products.filter(({ revision }) => revision === newest);
}

function known(saleId: string, content: SaleContent | undefined): SaleContent {
  if (content !== undefined) return content;
  throw new UnknownSaleError(`there is no sale ${JSON.stringify(saleId)}`);
}
