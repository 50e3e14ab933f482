import type { SaleTokens } from "../authorization/sale-token.ts";
import { productOf } from "../domain/buckets.ts";
import { knownAfterEndMs, type ProductRecord, type SaleRecord } from "../domain/sale.ts";
import type { LedgerChanges } from "../ledger/changes.ts";
import { joinBuckets } from "./bucket-borrower.ts";
import { type CatalogueProduct, endHints } from "./catalogue-product.ts";
import type { HealthPart } from "../health/health-board.ts";
import type { ProductHealth } from "./product-health.ts";
import { RefusedReservations, SoldOutHint } from "./sold-out-hint.ts";
import type { StockWatch } from "./stock-watch.ts";

export interface CatalogueOptions {
  readonly changes: Pick<LedgerChanges, "since">;
  readonly stock: StockWatch;
  /** Takes the news of reading the ledger. */
  readonly health: HealthPart;
  readonly products: ProductHealth;
  /** Is told which sales there are, before their first token is read. */
  readonly tokens: Pick<SaleTokens, "setSales">;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Milliseconds of a monotonic clock. */
  readonly elapsedMs: () => number;
  readonly refreshMs: number;
  readonly maxSales: number;
  readonly soldOutHintMs: number;
  readonly refusedCapacity: number;
}

interface CatalogueSale {
  sale: SaleRecord;
  products: CatalogueProduct[];
}

/** The gate is watched for this long after the end of a sale. */
const settledAfterMs = 60_000;
/** How often sales are chosen anew although none has changed: with time, some end. */
const chooseEveryMs = 10_000;

/**
 * The sales and products in memory, so that no request has to read the ledger for them. A refresh reads what has changed
 * since the one before. A product that is not in the catalogue counts as unknown.
 */
export class Catalogue {
  readonly #options: CatalogueOptions;
  readonly #refused: RefusedReservations;
  /** All sales that are not long over, drafts among them. */
  readonly #known = new Map<string, { sale: SaleRecord; products: Map<string, CatalogueProduct> }>();
  #products = new Map<string, CatalogueProduct>();
  #sales: readonly CatalogueSale[] = [];
  #live: readonly CatalogueProduct[] = [];
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #stopped = false;
  /** Which sales are left out, in words; undefined if none is. */
  #leftOut: string | undefined;
  #version = 0;
  #revision = -1;
  #chooseAtMs = 0;

  constructor(options: CatalogueOptions) {
    this.#options = options;
    this.#refused = new RefusedReservations(options.refusedCapacity);
  }

  /** A product without buckets, or one bucket. */
  find(bucketId: string): CatalogueProduct | undefined {
    return this.#products.get(bucketId);
  }

  /** The first bucket of a product, which knows the others. */
  findFirst(productId: string): CatalogueProduct | undefined {
    return productOf(productId) === productId ? this.#products.get(productId) : undefined;
  }

  /** The bucket from which a user buys. It is always the same one, so the gate finds what the user holds. */
  findFor(productId: string, userId: string): CatalogueProduct | undefined {
    const first = this.findFirst(productId);
    if (first === undefined) return undefined;
    const { buckets } = first;
    return buckets.length === 1 ? first : buckets[Bun.hash.murmur32v3(userId) % buckets.length];
  }

  /** Counts the refreshes, so that callers know when a value that they derived from the sales is out of date. */
  get version(): number {
    return this.#version;
  }

  /** Sorted by their end, the latest first. Of each product, the first bucket. */
  sales(): readonly { readonly sale: SaleRecord; readonly products: readonly CatalogueProduct[] }[] {
    return this.#sales;
  }

  sale(id: string): ReturnType<Catalogue["sales"]>[number] | undefined {
    return this.#sales.find(({ sale }) => sale.id === id);
  }

  get productCount(): number {
    return this.#products.size;
  }

  /** Whether this gateway can sell anything: the gate answers, and something that is on sale now is well. */
  canSell(): boolean {
    const { now, elapsedMs, refreshMs, stock, products } = this.#options;
    if (stock.seenMs <= elapsedMs() - refreshMs * 5) return false;
    const nowMs = now();
    const onSale = this.#live.filter((entry) => isOnSale(entry, nowMs));
    return onSale.length === 0 || onSale.some(({ product }) => products.isWell(product.id));
  }

  /** Reads everything once, then refreshes until `stop`. Rejects if the first read of the ledger fails. */
  async start(): Promise<void> {
    await this.#readLedger();
    await this.#readStock();
    // Apart from each other, so that the gate is watched while the ledger is away.
    this.#repeat(() => this.#followLedger());
    this.#repeat(() => this.#readStock());
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** Reads what has changed in the ledger, and looks at the gate. Problems stand in /readyz. */
  async refresh(): Promise<void> {
    await this.#followLedger();
    await this.#readStock();
  }

  #repeat(work: () => Promise<void>): void {
    if (this.#stopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void work().finally(() => this.#repeat(work));
    }, this.#options.refreshMs);
    this.#timers.add(timer);
  }

  async #followLedger(): Promise<void> {
    try {
      await this.#readLedger();
    } catch (error) {
      this.#options.health.degraded(String(error));
    }
  }

  async #readLedger(): Promise<void> {
    const { changes, now, elapsedMs } = this.#options;
    const { revision, isWhole, sales, products } = await changes.since(this.#revision, {
      endedAfterMs: now() - knownAfterEndMs,
    });
    if (isWhole) this.#keepOnly(sales, products);
    for (const sale of sales) this.#takeSale(sale);
    for (const product of products) this.#takeProduct(product);
    this.#revision = revision;
    if (isWhole || sales.length > 0 || products.length > 0 || elapsedMs() >= this.#chooseAtMs) this.#choose();
    if (this.#leftOut === undefined) this.#options.health.ok();
    else this.#options.health.degraded(this.#leftOut);
  }

  /** What the ledger does not have any more is not sold. */
  #keepOnly(sales: readonly SaleRecord[], products: readonly ProductRecord[]): void {
    const [saleIds, productIds] = [new Set(sales.map(({ id }) => id)), new Set(products.map(({ id }) => id))];
    for (const [id, known] of this.#known) {
      if (!saleIds.has(id)) this.#known.delete(id);
      for (const productId of known.products.keys()) if (!productIds.has(productId)) known.products.delete(productId);
    }
  }

  #takeSale(sale: SaleRecord): void {
    const known = this.#known.get(sale.id);
    if (known === undefined) this.#known.set(sale.id, { sale, products: new Map() });
    else {
      known.sale = sale;
      for (const entry of known.products.values()) entry.sale = sale;
    }
  }

  #takeProduct(product: ProductRecord): void {
    const known = this.#known.get(product.saleId);
    if (known === undefined) return;
    const before = known.products.get(product.id);
    if (before === undefined) {
      const soldOut = new SoldOutHint(this.#refused, this.#options.soldOutHintMs);
      const entry = {
        sale: known.sale,
        product,
        available: null,
        returns: 0,
        sequence: 0,
        isDue: true,
        isClosed: false,
        isAsked: false,
        buckets: [],
        soldOut,
      };
      known.products.set(product.id, entry);
      return;
    }
    // There may be units again.
    endHints(before);
    if (before.product.epoch !== product.epoch) before.sequence = 0;
    Object.assign(before, { product, isDue: true });
  }

  /** Chooses the sales to keep: those that are open, then the next ones, then those that ended last. */
  #choose(): void {
    const { now, elapsedMs, maxSales, tokens } = this.#options;
    const nowMs = now();
    this.#chooseAtMs = elapsedMs() + chooseEveryMs;
    for (const [id, { sale }] of this.#known) if (sale.endsAtMs + knownAfterEndMs < nowMs) this.#known.delete(id);
    const listed = [...this.#known.values()].filter(({ sale }) => sale.state !== "draft");
    listed.sort((a, b) => urgency(a.sale, nowMs) - urgency(b.sale, nowMs));
    const chosen = listed.slice(0, maxSales);
    const kept = chosen.map(({ sale, products }) => ({ sale, products: joinBuckets(products.values()) }));
    const left = listed.length - kept.length;
    const problem = `${left} of ${listed.length} sales are left out: limits.sales is ${maxSales}`;
    this.#leftOut = left > 0 ? problem : undefined;
    this.#sales = kept.toSorted((a, b) => b.sale.endsAtMs - a.sale.endsAtMs);
    const products = kept.flatMap((one) => one.products.flatMap(({ buckets }) => buckets));
    this.#products = new Map(products.map((entry) => [entry.product.id, entry]));
    // Fewer units that are asked for wait until the gate is open, which may be long after the end.
    this.#live = products.filter(
      ({ sale, product }) => sale.endsAtMs + settledAfterMs >= nowMs || product.lowering !== undefined,
    );
    tokens.setSales(kept.map(({ sale }) => sale.id));
    this.#version++;
  }

  async #readStock(): Promise<void> {
    await this.#options.stock.round(this.#live);
    this.#version++;
  }
}

function isOnSale({ sale, product }: CatalogueProduct, nowMs: number): boolean {
  const isOpen = sale.startsAtMs <= nowMs && nowMs < sale.endsAtMs;
  return isOpen && sale.state === "published" && !sale.paused && !product.paused;
}

/** Sorts sales: the smaller, the more a gateway needs them. */
function urgency(sale: SaleRecord, nowMs: number): number {
  if (sale.endsAtMs <= nowMs) return Number.MAX_SAFE_INTEGER / 2 - sale.endsAtMs;
  return sale.startsAtMs;
}
