import type { AcceptedReservation, ReservationRequest } from "../domain/reservation.ts";
import { unitsOf } from "../domain/units.ts";
import type { ReserveOptions } from "../gate/gate.ts";
import type { BucketBorrower } from "./bucket-borrower.ts";
import { type CatalogueProduct, endHints } from "./catalogue-product.ts";
import type { GateAnswer, GateCalls } from "./gate-calls.ts";
import type { GateWatch } from "./stock-watch.ts";

export interface ProductReserverOptions {
  readonly gateCalls: GateCalls;
  readonly borrower: BucketBorrower;
  readonly gateWatch: GateWatch | undefined;
  /** Milliseconds of a monotonic clock. */
  readonly elapsedMs: () => number;
}

/** Asks the gate for units of a product, and keeps with the product what the answer says about it. */
export class ProductReserver {
  readonly #options: ProductReserverOptions;

  constructor(options: ProductReserverOptions) {
    this.#options = options;
  }

  /**
   * Whether the gate has lately refused this reservation, so that it is refused again without asking. The product counts
   * as asked for all the same: so its gate is looked at soon, and a unit that comes back ends the refusals.
   */
  hasRefused(entry: CatalogueProduct, reservationId: string): boolean {
    entry.isAsked = true;
    return entry.soldOut.refuses(reservationId, this.#options.elapsedMs());
  }

  async reserve(entry: CatalogueProduct, request: ReservationRequest): Promise<GateAnswer> {
    const { gateCalls, borrower, gateWatch, elapsedMs } = this.#options;
    entry.isAsked = true;
    const ask = (): Promise<GateAnswer> => gateCalls.reserve(request, knownOf(entry));
    const outcome = await borrower.reserve(entry, { quantity: unitsOf(request), ask });
    if (outcome.kind === "accepted") {
      endHints(entry);
      noteSequence(entry, outcome.reservation);
    } else if (outcome.kind === "sold_out" && outcome.left === 0) {
      // Only a product without a single unit is sold out: other buyers may want fewer.
      entry.soldOut.soldOut(request.reservationId, outcome.epoch, elapsedMs());
      entry.available = 0;
    } else if (outcome.kind === "closed") {
      entry.isDue = true;
      gateWatch?.hurry(entry.product.id, { epoch: entry.product.epoch, sequence: entry.sequence });
    }
    return outcome;
  }
}

function knownOf({ product, sequence }: CatalogueProduct): Required<ReserveOptions> {
  return { minEpoch: product.epoch, minSequence: sequence };
}

function noteSequence(entry: CatalogueProduct, { epoch, sequence = 0 }: AcceptedReservation): void {
  if (epoch === entry.product.epoch && sequence > entry.sequence) entry.sequence = sequence;
}
