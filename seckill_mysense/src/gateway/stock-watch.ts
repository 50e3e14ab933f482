import { type Gate, type GateStatus, sellsIn } from "../gate/gate.ts";
import { checkStock } from "../gate/check-request.ts";
import { GateRequestInvalid } from "../gate/gate-errors.ts";
import type { ProductRecord, SaleRecord } from "../domain/sale.ts";
import type { Amended } from "../sales/amend-product.ts";
import { type CatalogueProduct, endHints } from "./catalogue-product.ts";
import type { GateClock } from "./gate-clock.ts";
import type { HealthPart } from "../health/health-board.ts";
import type { ProductHealth } from "./product-health.ts";

/** Looks after the gates, and rebuilds those that have lost data. */
export interface GateWatch {
  /** This product does not sell, although its gate was asked for it. `seen`: the highest sequence that was seen of it. */
  hurry(productId: string, seen: { readonly epoch: number; readonly sequence: number }): void;
  /** Products that do not sell. */
  readonly closed: number;
  readonly counts: Readonly<Record<"armed" | "adopted" | "repaired", number>>;
}

export interface StockWatchOptions {
  readonly gate: Pick<Gate, "status">;
  readonly gateWatch: GateWatch | undefined;
  /** Notes the clock of the gate's server. */
  readonly gateClock: GateClock;
  /** Brings an armed product to the ledger's records. */
  readonly amend: (sale: SaleRecord, product: ProductRecord) => Promise<Amended>;
  /** Takes the news of the gate as a whole. */
  readonly health: HealthPart;
  readonly products: ProductHealth;
  /** Milliseconds of a monotonic clock. */
  readonly elapsedMs: () => number;
}

/** Products in one round that are new or have changed, those that start first first. Then those whose gate is closed, in turn. */
const maxDue = 1_000;
/** Products in one round of which the gate gave no answer: few, since each may cost the gate's whole time limit. */
const maxUnwell = 32;
/** Other products in one round: first those that were asked for, then all in turn. */
const maxInTurn = 256;
const maxConcurrent = 64;

type Looked = { readonly entry: CatalogueProduct; readonly error?: Error };

/**
 * Follows the products at the gate: brings changed ones to the ledger's records, and reads the stock. A round costs a bounded number of questions to the gate, however many products there are.
 */
export class StockWatch {
  readonly #options: StockWatchOptions;
  #turn = 0;
  #seenMs = Number.NEGATIVE_INFINITY;

  constructor(options: StockWatchOptions) {
    this.#options = options;
  }

  /** When the gate last answered, by the monotonic clock. */
  get seenMs(): number {
    return this.#seenMs;
  }

  async round(live: readonly CatalogueProduct[]): Promise<void> {
    const chosen = this.#choose(live);
    const looked: Looked[] = [];
    let next = 0;
    const work = async (): Promise<void> => {
      for (let entry = chosen[next++]; entry !== undefined; entry = chosen[next++])
        looked.push(await this.#look(entry));
    };
    await Promise.all(Array.from({ length: Math.min(maxConcurrent, chosen.length) }, work));
    this.#judge(looked);
  }

  #choose(live: readonly CatalogueProduct[]): CatalogueProduct[] {
    const due: CatalogueProduct[] = [];
    const closed: CatalogueProduct[] = [];
    const unwell: CatalogueProduct[] = [];
    const asked: CatalogueProduct[] = [];
    for (const entry of live) {
      if (!this.#options.products.isWell(entry.product.id)) (entry.isClosed ? closed : unwell).push(entry);
      else if (entry.isDue) due.push(entry);
      else if (entry.isAsked) asked.push(entry);
    }
    if (due.length > 1) due.sort((a, b) => a.sale.startsAtMs - b.sale.startsAtMs);
    const soon = due.slice(0, maxDue);
    const chosen = new Set([
      ...[...soon, ...this.#inTurn(closed, maxDue - soon.length)],
      ...[...this.#inTurn(unwell, maxUnwell), ...asked.slice(0, maxInTurn)],
    ]);
    const others = maxInTurn - Math.min(asked.length, maxInTurn);
    for (const entry of this.#inTurn(live, others)) {
      if (this.#options.products.isWell(entry.product.id)) chosen.add(entry);
    }
    this.#turn += Math.max(1, others);
    return [...chosen];
  }

  #inTurn(entries: readonly CatalogueProduct[], count: number): CatalogueProduct[] {
    if (entries.length <= count) return [...entries];
    const start = this.#turn % entries.length;
    const some = entries.slice(start, start + count);
    return some.length === count ? some : [...some, ...entries.slice(0, count - some.length)];
  }

  async #look(entry: CatalogueProduct): Promise<Looked> {
    try {
      await this.#readStock(entry);
      return { entry };
    } catch (error) {
      Object.assign(entry, { available: null, isClosed: false });
      return { entry, error: error as Error };
    }
  }

  async #readStock(entry: CatalogueProduct): Promise<void> {
    const { sale, product } = entry;
    entry.isAsked = false;
    const status = await this.#ask(entry);
    if (!sellsIn(status, product.epoch)) {
      // The ledger lowers the total by itself where no gate can sell.
      if (status === undefined && product.lowering !== undefined) await this.#options.amend(sale, product);
      return this.#noteClosed(entry, status);
    }
    // A process may have died after the gate had taken units out, and before the ledger's total fell.
    const isBehind = status.version < product.revision || product.lowering !== undefined;
    const amended = isBehind ? await this.#options.amend(sale, product) : undefined;
    this.#note(entry, amended?.kind === "problem" ? amended.problem : undefined);
    // A newer row may have come meanwhile, which is still to be looked at.
    if (entry.product === product && entry.sale === sale) entry.isDue = isBehind;
    // After a change there may be units that there were not before.
    const latest = isBehind ? await this.#ask(entry) : status;
    if (sellsIn(latest, product.epoch)) this.#take(entry, latest);
    else this.#noteClosed(entry, latest);
  }

  async #ask({ sale, product }: CatalogueProduct): Promise<GateStatus | undefined> {
    const { gate, gateClock, elapsedMs } = this.#options;
    const askedMs = elapsedMs();
    const status = await gate.status(sale.id, product.id);
    if (status !== undefined) gateClock.note(status.nowMs, askedMs, elapsedMs());
    return status;
  }

  #take(entry: CatalogueProduct, status: GateStatus): void {
    // Free units are kept for those who wait.
    entry.available = status.waiting ? 0 : status.available;
    entry.sequence = Math.max(entry.sequence, status.sequence);
    // Another gateway may have sold a returned unit to a buyer whom this gateway remembers as refused.
    if (entry.available > 0 || status.returns !== entry.returns) endHints(entry);
    entry.returns = status.returns;
  }

  /** A product that is found closed twice is not well. New ones are armed, and others compared, between two looks. */
  #noteClosed(entry: CatalogueProduct, status: GateStatus | undefined): void {
    const { id, epoch } = entry.product;
    entry.available = null;
    // No gate takes a row that is wrong. This says what is wrong with it.
    checkStock({ ...entry, available: 0 });
    // A cancelled sale that was never armed has nothing to look after.
    if (status === undefined && entry.sale.state === "cancelled") {
      entry.isDue = false;
      return;
    }
    this.#options.gateWatch?.hurry(id, { epoch, sequence: entry.sequence });
    const wasClosed = entry.isClosed;
    entry.isClosed = true;
    entry.isDue = true;
    // The keeper of the gates logs what it finds.
    if (wasClosed) this.#options.products.note(placeOf(entry), "its gate is to be armed, compared or rebuilt", true);
  }

  #note(entry: CatalogueProduct, problem: string | undefined): void {
    entry.isClosed = false;
    this.#options.products.note(placeOf(entry), problem);
  }

  /** One cause has one problem: a gate that answers nobody is not well itself, otherwise its products are not. */
  #judge(looked: readonly Looked[]): void {
    const { health, products, elapsedMs } = this.#options;
    const own = looked.filter(({ error }) => error instanceof GateRequestInvalid);
    const failed = looked.filter(({ error }) => error !== undefined && !(error instanceof GateRequestInvalid));
    const isAway = failed.length > 0 && failed.length === looked.length - own.length;
    if (isAway) health.down(failed[0]!.error!.message);
    else {
      this.#seenMs = elapsedMs();
      health.ok();
    }
    for (const { entry, error } of isAway ? own : [...own, ...failed]) {
      products.note(placeOf(entry), error!.message);
    }
  }
}

function placeOf({ sale, product }: CatalogueProduct): { readonly sale: string; readonly product: string } {
  return { sale: sale.id, product: product.id };
}
