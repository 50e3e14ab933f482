import type { SaleChange } from "../domain/sale-change.ts";
import type { ProductRecord, Sale, SaleContent, SaleProduct, SaleRecord } from "../domain/sale.ts";
import type { Gate } from "../gate/gate.ts";
import type { ChangeOptions, LedgerChanges, LoggedChange } from "../ledger/changes.ts";
import type { LedgerOrders } from "../ledger/orders.ts";
import { amendProduct } from "./amend-product.ts";

export interface SaleServiceParts {
  readonly changes: LedgerChanges;
  readonly orders: Pick<LedgerOrders, "releaseCancelled">;
  /** Undefined while no gate runs, so that nothing is being sold. */
  readonly gate: Pick<Gate, "amend"> | undefined;
  readonly now: () => number;
}

/** There is no such sale. */
export class UnknownSaleError extends Error {
  override readonly name = "UnknownSaleError";
}

/** The units could not be taken out of the sale: buyers have them. */
export class UnitsGoneError extends Error {
  override readonly name = "UnitsGoneError";
}

/** The change stands in the ledger, but has not reached the gate. The gateways bring it there as soon as they can. */
export class GateBehindError extends Error {
  override readonly name = "GateBehindError";
}

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

  create(
    sale: Sale,
    products: readonly SaleProduct[],
    options: { readonly actor: string; readonly state: "draft" | "published" },
  ): Promise<SaleContent> {
    return this.#parts.changes.create(sale, products, options);
  }

  /**
   * Changes a sale and brings the change to the gate. Also throws what `LedgerChanges.change` throws.
   * @throws UnknownSaleError, UnitsGoneError, GateBehindError
   */
  async change(saleId: string, change: SaleChange, options: ChangeOptions): Promise<SaleContent> {
    const { changes } = this.#parts;
    const content = known(saleId, await changes.change(saleId, change, options));
    const { gate } = this.#parts;
    const changed = latest(content.products);
    if (gate !== undefined && content.sale.state !== "draft") await this.#bringToGate(gate, content.sale, changed);
    if (change.kind === "cancel") await this.#release();
    const after = known(saleId, await changes.read(saleId));
    const asked = new Set(changed.map(({ lowering }) => lowering?.since));
    const waiting = after.products.find(({ lowering }) => lowering !== undefined && asked.has(lowering.since));
    if (waiting === undefined) return after;
    const total = waiting.lowering!.total;
    throw new GateBehindError(
      `sale ${saleId}: product ${waiting.id}: its units go to ${total} as soon as the gate has the product`,
    );
  }

  async #release(): Promise<void> {
    while ((await this.#parts.orders.releaseCancelled(releaseStep)) > 0);
  }

  async #bringToGate(gate: Pick<Gate, "amend">, sale: SaleRecord, products: readonly ProductRecord[]): Promise<void> {
    const { changes, now } = this.#parts;
    let next = 0;
    const failures: Error[] = [];
    const amend = async (product: ProductRecord): Promise<void> => {
      const outcome = await amendProduct({ gate, changes, now }, sale, product);
      if (outcome.kind === "problem") throw new GateBehindError(`product ${product.id}: ${outcome.problem}`);
      if (outcome.kind !== "lowering_refused") return;
      const asked = `units cannot be ${product.lowering!.total}: ${product.total - product.lowering!.total} are to go`;
      throw new UnitsGoneError(
        `sale ${sale.id}: product ${product.id}: ${asked}, but only ${outcome.available} are left; it keeps ${product.total}`,
      );
    };
    const work = async (): Promise<void> => {
      for (let product = products[next++]; product !== undefined; product = products[next++]) {
        await amend(product).catch((error: unknown) => failures.push(error as Error));
      }
    };
    await Promise.all(Array.from({ length: Math.min(maxConcurrent, products.length) }, work));
    const [failure] = failures;
    if (failure === undefined) return;
    if (failure instanceof UnitsGoneError) throw failure;
    throw new GateBehindError(
      `sale ${sale.id}: version ${sale.version} is recorded, but the gate does not have it yet: ${failure.message}`,
      { cause: failure },
    );
  }
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
