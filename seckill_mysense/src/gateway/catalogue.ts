import type { SaleTokens } from "../authorization/sale-token.ts";
import type { Sale, SaleProduct } from "../domain/sale.ts";
import type { Gate, GateStatus } from "../gate/gate.ts";
import type { Logger } from "../logging/logger.ts";
import type { LedgerSales } from "../ledger/sales.ts";
import { settledWithin } from "../time/settled-within.ts";
import type { GateClock } from "./gate-clock.ts";
import { RefusedReservations, SoldOutHint } from "./sold-out-hint.ts";

/** One product as this gateway knows it. */
export interface CatalogueProduct {
  sale: Sale;
  product: SaleProduct;
  /** Units left at the last answer of the gate; null if the gate did not answer. */
  available: number | null;
  /** How many units had been given back to the gate at its last answer. */
  returns: number;
  /** The highest sequence of the gate that this gateway has seen in the product's epoch. */
  sequence: number;
  readonly soldOut: SoldOutHint;
}

/** Looks after the gates, and rebuilds those that have lost data. */
export interface GateWatch {
  /** This product does not sell, although its gate was asked for it. `seen`: the highest sequence that was seen of it. */
  hurry(productId: string, seen: { readonly epoch: number; readonly sequence: number }): void;
  /** Products that do not sell. */
  readonly closed: number;
  readonly counts: Readonly<Record<"armed" | "adopted" | "repaired", number>>;
}

export interface CatalogueOptions {
  readonly ledgerSales: Pick<LedgerSales, "list" | "read">;
  readonly gate: Gate;
  readonly tokens: SaleTokens;
  readonly logger: Logger;
  readonly gateWatch: GateWatch | undefined;
  /** Notes the clock of the gate's server. */
  readonly gateClock: GateClock;
  readonly now: () => number;
  readonly refreshMs: number;
  readonly maxSales: number;
  readonly soldOutHintMs: number;
  readonly refusedCapacity: number;
}

/** The most products whose stock is read at each refresh. Products beyond it are listed without their stock. */
const maxWatchedProducts = 256;
/** A sale that ended longer ago than this no longer changes, so it is not read again. */
const settledAfterMs = 60_000;

/**
 * The sales and products in memory, refreshed from the ledger, so that no request has to read the ledger for them.
 * A product that is not in the catalogue counts as unknown.
 */
export class Catalogue {
  readonly #options: CatalogueOptions;
  readonly #refused: RefusedReservations;
  #products = new Map<string, CatalogueProduct>();
  #sales: { sale: Sale; products: CatalogueProduct[] }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  #version = 0;
  #ledgerSeenMs = 0;
  #gateSeenMs = 0;
  /** Products for which the gate has not answered yet. */
  readonly #asked = new Set<string>();
  /** The parts that are unreachable now. Each outage is logged once, not at every refresh. */
  readonly #outages = new Set<string>();

  constructor(options: CatalogueOptions) {
    this.#options = options;
    this.#refused = new RefusedReservations(options.refusedCapacity);
  }

  find(productId: string): CatalogueProduct | undefined {
    return this.#products.get(productId);
  }

  /** Counts the refreshes, so that callers know when a value that they derived from the sales is out of date. */
  get version(): number {
    return this.#version;
  }

  /** Sorted by their end, the latest first. */
  sales(): readonly { readonly sale: Sale; readonly products: readonly CatalogueProduct[] }[] {
    return this.#sales;
  }

  /** Whether both the ledger and the gate answered within the last few refreshes. */
  isFresh(): boolean {
    const sinceMs = this.#options.now() - this.#options.refreshMs * 5;
    return this.#ledgerSeenMs > sinceMs && this.#gateSeenMs > sinceMs;
  }

  /** Reads everything once, then refreshes until `stop`. Rejects if the first read of the ledger fails. */
  async start(): Promise<void> {
    await this.refresh();
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.refresh()
        .catch((error: unknown) => this.#tellOutage("the ledger", String(error)))
        .finally(() => this.#schedule());
    }, this.#options.refreshMs);
  }

  async refresh(): Promise<void> {
    const { ledgerSales, tokens, now, maxSales } = this.#options;
    const sales = (await ledgerSales.list()).toSorted((a, b) => b.endsAtMs - a.endsAtMs).slice(0, maxSales);
    const known = new Map(this.#sales.map((entry) => [entry.sale.id, entry]));
    const entries: { sale: Sale; products: CatalogueProduct[] }[] = [];
    for (const sale of sales) {
      const before = known.get(sale.id);
      if (before !== undefined && sale.endsAtMs + settledAfterMs < now()) entries.push(before);
      else entries.push({ sale, products: await this.#readProducts(sale.id) });
    }
    this.#sales = entries;
    this.#products = new Map(entries.flatMap(({ products }) => products.map((entry) => [entry.product.id, entry])));
    tokens.setSales(sales.map((sale) => sale.id));
    this.#ledgerSeenMs = now();
    this.#tellRecovery("the ledger");
    await this.#readStock();
    this.#version++;
  }

  #tellOutage(part: string, error: string): void {
    if (this.#outages.has(part)) return;
    this.#outages.add(part);
    this.#options.logger.warn(`${part} cannot be read`, { error });
  }

  #tellRecovery(part: string): void {
    if (this.#outages.delete(part)) this.#options.logger.info(`${part} can be read again`);
  }

  async #readProducts(saleId: string): Promise<CatalogueProduct[]> {
    const read = await this.#options.ledgerSales.read(saleId);
    return (read?.products ?? []).map((product) => {
      const before = this.#products.get(product.id);
      if (before === undefined) return this.#newProduct(read!.sale, product);
      if (before.product.epoch !== product.epoch) {
        before.soldOut.clear();
        before.sequence = 0;
      }
      return Object.assign(before, { sale: read!.sale, product });
    });
  }

  #newProduct(sale: Sale, product: SaleProduct): CatalogueProduct {
    const soldOut = new SoldOutHint(this.#refused, this.#options.soldOutHintMs);
    return { sale, product, available: null, returns: 0, sequence: 0, soldOut };
  }

  /**
   * Asks the gate for all watched products, and waits only a while. One node of the gate that does not answer must not
   * make this gateway look as if it could not sell the products of the others.
   */
  async #readStock(): Promise<void> {
    const { now, refreshMs } = this.#options;
    const open = [...this.#products.values()].filter(({ sale }) => sale.endsAtMs + settledAfterMs >= now());
    const watched = open.slice(0, maxWatchedProducts).filter(({ product }) => !this.#asked.has(product.id));
    const readings = watched.map((entry) => this.#readStockOf(entry));
    await settledWithin(refreshMs / 2, Promise.all(readings));
    if (open.length === 0) this.#gateSeenMs = now();
  }

  async #readStockOf(entry: CatalogueProduct): Promise<void> {
    const { gate, now, gateClock } = this.#options;
    const { sale, product } = entry;
    this.#asked.add(product.id);
    const askedMs = now();
    try {
      const status = await gate.status(sale.id, product.id);
      this.#gateSeenMs = now();
      this.#tellRecovery("the gate");
      if (status !== undefined) gateClock.note(status.nowMs, askedMs, this.#gateSeenMs);
      this.#noteStatus(entry, status);
    } catch (error) {
      entry.available = null;
      this.#tellOutage("the gate", String(error));
    } finally {
      this.#asked.delete(product.id);
    }
  }

  #noteStatus(entry: CatalogueProduct, status: GateStatus | undefined): void {
    const { id, epoch } = entry.product;
    const sells = status?.open === true && status.verified && status.epoch === epoch;
    if (!sells) this.#options.gateWatch?.hurry(id, { epoch, sequence: entry.sequence });
    entry.available = sells ? status.available : null;
    if (!sells) return;
    entry.sequence = Math.max(entry.sequence, status.sequence);
    // Another gateway may have sold a returned unit to a buyer whom this gateway remembers as refused.
    if (status.available > 0 || status.returns !== entry.returns) entry.soldOut.clear();
    entry.returns = status.returns;
  }
}
