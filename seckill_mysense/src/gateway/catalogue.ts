import type { SaleTokens } from "../authorization/sale-token.ts";
import type { Sale, SaleProduct } from "../domain/sale.ts";
import type { Gate, GateStatus } from "../gate/gate.ts";
import type { Logger } from "../logging/logger.ts";
import type { LedgerSales } from "../ledger/sales.ts";
import { RefusedReservations, SoldOutHint } from "./sold-out-hint.ts";

/** One product as this gateway knows it. */
export interface CatalogueProduct {
  sale: Sale;
  product: SaleProduct;
  /** Units left when the gate was last asked; null when it could not say. */
  available: number | null;
  /** How many units the gate has taken back when it was last asked. */
  returns: number;
  readonly soldOut: SoldOutHint;
}

/** Is told what the gate has just said of a product; answers whether the gate is armed for its epoch. */
export type EnsureArmed = (sale: Sale, product: SaleProduct, status: GateStatus | undefined) => Promise<boolean>;

export interface CatalogueOptions {
  readonly ledgerSales: Pick<LedgerSales, "list" | "read">;
  readonly gate: Gate;
  readonly tokens: SaleTokens;
  readonly logger: Logger;
  readonly ensureArmed: EnsureArmed;
  readonly now: () => number;
  readonly refreshMs: number;
  readonly maxSales: number;
  readonly soldOutHintMs: number;
  readonly refusedCapacity: number;
}

/** Products whose stock is looked up at each refresh; those of further sales show no figure. */
const maxWatchedProducts = 256;
/** A sale that ended longer ago than this does not change any more and is not read again. */
const settledAfterMs = 60_000;

/**
 * The sales and products, kept in memory and refreshed from the ledger, so that no visitor's request has to read them:
 * a product that is not here does not exist.
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
  /** What cannot be reached now: said once, not at every refresh. */
  readonly #outages = new Set<string>();

  constructor(options: CatalogueOptions) {
    this.#options = options;
    this.#refused = new RefusedReservations(options.refusedCapacity);
  }

  find(productId: string): CatalogueProduct | undefined {
    return this.#products.get(productId);
  }

  /** Counts the refreshes, for those who keep something made of the sales. */
  get version(): number {
    return this.#version;
  }

  /** Those that end last come first. */
  sales(): readonly { readonly sale: Sale; readonly products: readonly CatalogueProduct[] }[] {
    return this.#sales;
  }

  /** Whether ledger and gate have both answered within the last refreshes. */
  isFresh(): boolean {
    const sinceMs = this.#options.now() - this.#options.refreshMs * 5;
    return this.#ledgerSeenMs > sinceMs && this.#gateSeenMs > sinceMs;
  }

  /** Reads everything once, then again and again until `stop`. Rejects when the ledger cannot be read at first. */
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
      if (before.product.epoch !== product.epoch) before.soldOut.clear();
      return Object.assign(before, { sale: read!.sale, product });
    });
  }

  #newProduct(sale: Sale, product: SaleProduct): CatalogueProduct {
    const soldOut = new SoldOutHint(this.#refused, this.#options.soldOutHintMs);
    return { sale, product, available: null, returns: 0, soldOut };
  }

  async #readStock(): Promise<void> {
    const { now } = this.#options;
    const open = [...this.#products.values()].filter(({ sale }) => sale.endsAtMs + settledAfterMs >= now());
    const watched = open.slice(0, maxWatchedProducts);
    const readings = await Promise.allSettled(watched.map((entry) => this.#readStockOf(entry)));
    let failure: Error | undefined;
    for (const [index, reading] of readings.entries()) {
      if (reading.status === "fulfilled") continue;
      watched[index]!.available = null;
      failure ??= reading.reason as Error;
    }
    if (failure !== undefined) return this.#tellOutage("the gate", failure.message);
    this.#gateSeenMs = now();
    this.#tellRecovery("the gate");
  }

  async #readStockOf(entry: CatalogueProduct): Promise<void> {
    const { gate, ensureArmed } = this.#options;
    const { sale, product } = entry;
    const status = await gate.status(sale.id, product.id);
    const isArmed = await ensureArmed(sale, product, status);
    if (status === undefined) entry.available = isArmed ? product.total : null;
    else entry.available = status.open && status.epoch === product.epoch ? status.available : null;
    if (status === undefined) return;
    // A unit that came back may be gone again, through another gateway, to somebody whom this one remembers as refused.
    if (status.available > 0 || status.returns !== entry.returns) entry.soldOut.clear();
    entry.returns = status.returns;
  }
}
