import type { SimulatedGate } from "./simulated-gate.ts";
import type { SimulatedLedger } from "./simulated-ledger.ts";

/** What the check needs of a shop. */
interface Surroundings {
  readonly gate: SimulatedGate;
  readonly ledger: SimulatedLedger;
  readonly productIds: readonly string[];
  fail(problem: string): void;
}

/** The place of units that one bucket's gate has given, and another one's has not got. */
const between = "between two buckets";

/** When each place of a product's units was last seen empty. A buyer may be told "sold out" only if all of them were since. */
export class BucketEmptiness {
  readonly #shop: Surroundings;
  readonly #emptyAt = new Map<string, number>();
  #now = 0;

  constructor(shop: Surroundings) {
    this.#shop = shop;
  }

  /** The present step. */
  get now(): number {
    return this.#now;
  }

  /** After each step. */
  note(): void {
    const { gate, ledger, productIds } = this.#shop;
    this.#now++;
    let missing = 0;
    let isRestocked = false;
    for (const id of productIds) {
      const row = ledger.product(id);
      const status = gate.status(id);
      const sells = status?.open === true && status.isVerified && status.epoch === row.epoch;
      if ((sells ? status.available : ledger.read(id).owed) < 1) this.#emptyAt.set(id, this.#now);
      missing += row.total - (sells ? status.total : row.total);
      isRestocked ||= (ledger.changes.restockedAt.get(id) ?? 0) > (status?.version ?? 0);
    }
    // Further units may reach the gate a moment later.
    if (missing < 1 || isRestocked) this.#emptyAt.set(between, this.#now);
  }

  /** Checks what a buyer is told who has asked since that step. */
  checkSoldOut(userId: string, since: number): void {
    for (const place of [...this.#shop.productIds, between]) {
      if ((this.#emptyAt.get(place) ?? 0) >= since) continue;
      this.#shop.fail(`I12: ${userId} was told sold out, and there were units all the time: ${place}`);
    }
  }
}
