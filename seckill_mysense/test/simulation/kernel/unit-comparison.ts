import type { Steps } from "./actor.ts";
import { OnTheWay } from "./on-the-way.ts";
import type { ProductRecord } from "./product-row.ts";
import type { Shop } from "./shop.ts";
import type { Status } from "./simulated-gate.ts";

/** Whether as many units are taken at the gate as by the ledger, when nothing of the product is on its way. */
export const agreesOnUnits = (record: ProductRecord, { total, available }: Status): boolean =>
  total - available === record.total - record.owed;

interface Suspect {
  readonly figures: string;
  readonly onTheWay: OnTheWay;
  isClear: boolean;
}

/** Finds gates in order otherwise whose units are at no place: an outbox was lost, and nothing else. */
export class UnitComparison {
  readonly #shop: Shop;
  readonly #name: string;
  readonly #suspects = new Map<string, Suspect>();

  constructor(shop: Shop, name: string) {
    this.#shop = shop;
    this.#name = name;
  }

  /** True when units are lost. The record was read before the status. */
  *areLost(record: ProductRecord, status: Status): Steps<boolean> {
    const { id } = record;
    if (agreesOnUnits(record, status) || this.#shop.has("units are never compared")) {
      this.#suspects.delete(id);
      return false;
    }
    const figures = JSON.stringify([
      record.epoch,
      record.total,
      record.mark,
      record.taken,
      status.sequence,
      status.available,
    ]);
    const suspect = this.#suspects.get(id);
    if (suspect?.figures !== figures || this.#isChanging(record, status)) {
      const onTheWay = new OnTheWay(this.#shop, this.#name, { counts: false });
      this.#suspects.set(id, { figures, onTheWay, isClear: false });
      return false;
    }
    if (suspect.isClear || this.#shop.has("units are judged at the second look")) {
      this.#suspects.delete(id);
      this.#checkLoss(record, suspect.onTheWay);
      return true;
    }
    suspect.isClear = yield* suspect.onTheWay.isOver(record.epoch, status.outboxLength);
    return false;
  }

  /** Units are about to leave the sale or to join it, go from one bucket to another, or are on their way back. */
  #isChanging({ lowering, total, pending }: ProductRecord, status: Status): boolean {
    return lowering !== undefined || total !== status.total || pending > 0;
  }

  /** Buyers of a gate that has lost nothing must not lose anything either. */
  #checkLoss({ id: productId, epoch }: ProductRecord, onTheWay: OnTheWay): void {
    const shop = this.#shop;
    onTheWay.check(productId, epoch);
    if (!shop.mayLoseReservations) shop.fail(`the gate of ${productId} has lost nothing, and is rebuilt for its units`);
  }
}
