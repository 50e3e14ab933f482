import type { Sale, SaleProduct } from "../domain/sale.ts";
import type { Gate, GateStatus } from "../gate/gate.ts";
import type { Logger } from "../logging/logger.ts";
import type { LedgerAudit } from "../ledger/audit.ts";
import type { ReservationQueue } from "../queue/queue.ts";

export interface GateArmerOptions {
  readonly gate: Pick<Gate, "arm">;
  readonly audit: Pick<LedgerAudit, "countRecorded">;
  /** Undefined if this process has no access to the queue. */
  readonly queue: Pick<ReservationQueue, "depth"> | undefined;
  readonly logger: Logger;
  readonly now: () => number;
}

/**
 * Arms the gate with the stock of new products, exactly once. If the gate has lost a product of which units may have
 * been sold, the product stays closed until an operator rebuilds it: the stock may already be promised to other buyers.
 */
export class GateArmer {
  readonly #options: GateArmerOptions;
  /** Products with their epoch that this process has seen armed. */
  readonly #seen = new Set<string>();
  /** Problems that were already logged, so that each is logged once. */
  readonly #told = new Set<string>();

  constructor(options: GateArmerOptions) {
    this.#options = options;
  }

  /**
   * Arms the gate if needed; resolves with whether it is armed for the product's epoch. `status` is its latest status.
   */
  async ensure(sale: Sale, product: SaleProduct, status: GateStatus | undefined): Promise<boolean> {
    const key = `${product.id}@${product.epoch}`;
    if (status?.epoch === product.epoch) {
      this.#seen.add(key);
      return true;
    }
    const problem = await this.#problem(sale, product, status, key);
    if (problem !== undefined) {
      this.#tell(sale, product, problem);
      return false;
    }
    const outcome = await this.#options.gate.arm(sale, product, product.total);
    this.#seen.add(key);
    if (outcome === "armed") {
      const units = product.total;
      this.#options.logger.info("the gate is armed", { saleId: sale.id, productId: product.id, units });
    }
    return true;
  }

  /** The reason why the product must not be armed; undefined if it may be. */
  async #problem(
    sale: Sale,
    product: SaleProduct,
    status: GateStatus | undefined,
    key: string,
  ): Promise<string | undefined> {
    if (status !== undefined) return `the gate is at epoch ${status.epoch}, the ledger at epoch ${product.epoch}`;
    if (this.#seen.has(key)) return "the gate knew the product a moment ago and knows it no longer";
    if (product.epoch > 1) return `the gate knows nothing of the product, the ledger is at epoch ${product.epoch}`;
    const recorded = await this.#options.audit.countRecorded(product.id);
    if (recorded > 0) return `the gate knows nothing of the product, the ledger has ${recorded} reservations of it`;
    if (this.#options.now() < sale.startsAtMs) return undefined;
    const waiting = (await this.#options.queue?.depth())?.ready ?? 0;
    return waiting > 0 ? `the gate knows nothing of the product, ${waiting} reservations are in the queue` : undefined;
  }

  #tell(sale: Sale, product: SaleProduct, problem: string): void {
    const key = `${product.id}: ${problem}`;
    if (this.#told.has(key)) return;
    if (this.#told.size >= 1_000) this.#told.clear();
    this.#told.add(key);
    const fields = { saleId: sale.id, productId: product.id, reason: problem };
    this.#options.logger.error("the product stays closed: its gate must be rebuilt from the ledger", fields);
  }
}
