import { repairedAfterEndMs } from "../domain/sale.ts";
import { type Gate, isServed } from "../gate/gate.ts";
import type { LedgerGates } from "../ledger/gates.ts";
import type { CatalogueProduct } from "./catalogue-product.ts";

export interface ForgottenReservationsOptions {
  readonly gates: Pick<LedgerGates, "comparedAtMs">;
  readonly gate: Pick<Gate, "status">;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Judges reservations that neither the ledger nor the gate knows: a gate that has lost data may have accepted them. */
export class ForgottenReservations {
  readonly #options: ForgottenReservationsOptions;

  constructor(options: ForgottenReservationsOptions) {
    this.#options = options;
  }

  /**
   * `lost`: the gate may have accepted the reservation before it lost data. The caller then looks into the ledger once
   * more: the reservation may have reached it after the first look, and have left the gate before the second one.
   */
  async fateOf({ sale, product }: CatalogueProduct): Promise<"lost" | "reservation_not_found" | "gate_unavailable"> {
    const { gate, gates, now } = this.#options;
    if (now() > sale.endsAtMs + repairedAfterEndMs) return "reservation_not_found";
    const status = await gate.status(sale.id, product.id);
    if (!isServed(status) || status.epoch < product.epoch) return "gate_unavailable";
    return (await gates.comparedAtMs(product.id)) === undefined ? "reservation_not_found" : "lost";
  }
}
