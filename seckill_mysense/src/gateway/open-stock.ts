import type { ProductRecord, SaleRecord } from "../domain/sale.ts";
import type { Gate } from "../gate/gate.ts";
import type { HealthBoard } from "../health/health-board.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Logger } from "../logging/logger.ts";
import { type Amended, amendProduct } from "../sales/amend-product.ts";
import type { Settings } from "../settings/settings.ts";
import { BucketBorrower } from "./bucket-borrower.ts";
import { Catalogue, type CatalogueOptions } from "./catalogue.ts";
import { GateClock } from "./gate-clock.ts";
import { ProductHealth } from "./product-health.ts";
import { type GateWatch, StockWatch, type StockWatchOptions } from "./stock-watch.ts";

export interface StockParts {
  readonly gate: Gate;
  readonly ledger: Pick<Ledger, "changes">;
  readonly settings: Settings;
  readonly logger: Logger;
  /** The parts that this process stands on, for /readyz. */
  readonly health: HealthBoard;
  /** Arms gates, and rebuilds those that have lost data. */
  readonly gateWatch?: GateWatch | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Milliseconds of a monotonic clock, for measuring durations. */
  readonly elapsedMs: () => number;
}

/** The sales and their units as a process knows them. */
export interface Stock {
  readonly catalogue: Catalogue;
  readonly gateClock: GateClock;
  readonly productHealth: ProductHealth;
  readonly borrower: BucketBorrower;
  /** Brings an armed product to the ledger's records. */
  readonly amend: StockWatchOptions["amend"];
}

/** Builds the catalogue and what follows the gate for it. The caller starts and stops the catalogue. */
export function openStock(parts: StockParts, tokens: CatalogueOptions["tokens"]): Stock {
  const { gate, ledger, settings, logger, gateWatch, now, elapsedMs } = parts;
  const { limits } = settings;
  const gateClock = new GateClock(parts);
  const productHealth = new ProductHealth(logger);
  const amend = (sale: SaleRecord, product: ProductRecord): Promise<Amended> =>
    amendProduct({ gate, changes: ledger.changes }, sale, product);
  const stock = new StockWatch({
    ...{ gate, gateWatch, gateClock, amend, elapsedMs },
    health: parts.health.part("stock"),
    products: productHealth,
  });
  const catalogue = new Catalogue({
    changes: ledger.changes,
    stock,
    health: parts.health.part("catalogue"),
    products: productHealth,
    tokens,
    now,
    elapsedMs,
    refreshMs: 1_000,
    maxSales: limits.sales,
    soldOutHintMs: limits.sold_out_hint_ms,
    refusedCapacity: limits.tracked_keys,
  });
  const borrower = new BucketBorrower({ gate, changes: ledger.changes, amend, elapsedMs });
  return { catalogue, gateClock, productHealth, borrower, amend };
}
