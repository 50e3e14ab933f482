import type { ReservationIds } from "../authorization/reservation-ids.ts";
import type { Reservation, ReservationStatus } from "../contract/reservations.ts";
import { productOf } from "../domain/buckets.ts";
import type { Order } from "../domain/order.ts";
import type { Gate } from "../gate/gate.ts";
import type { LedgerOrders } from "../ledger/orders.ts";
import type { Catalogue } from "./catalogue.ts";
import type { CatalogueProduct } from "./catalogue-product.ts";
import { describeOrder } from "./describe-order.ts";
import type { ForgottenReservations } from "./forgotten-reservations.ts";

/** The user who asks, and the product if the request names one. */
export interface ReservationAsker {
  readonly userId: string;
  readonly productId: string | undefined;
}

export type ReservationReading =
  | { readonly ok: Reservation }
  | { readonly failure: "not_owner" | "reservation_not_found" | "gate_unavailable" };

/** Final statuses: a stream of events ends with one of them. */
export function isFinal(status: ReservationStatus): boolean {
  return status !== "pending" && status !== "won";
}

export interface ReservationReaderOptions {
  readonly orders: Pick<LedgerOrders, "read" | "readRejection">;
  readonly gate: Pick<Gate, "holds">;
  readonly catalogue: Catalogue;
  /** Says whose a reservation is that has no order yet. */
  readonly ids: Pick<ReservationIds, "belongsTo">;
  readonly forgotten: ForgottenReservations;
}

/** Reads the status of a reservation: first from the ledger, which is the truth, then from the gate. */
export class ReservationReader {
  readonly #options: ReservationReaderOptions;

  constructor(options: ReservationReaderOptions) {
    this.#options = options;
  }

  async read(reservationId: string, asker: ReservationAsker): Promise<ReservationReading> {
    const { orders, catalogue, ids, gate } = this.#options;
    const order = await orders.read(reservationId);
    if (order !== undefined) return readingOf(order, asker);
    const { productId, userId } = asker;
    // Tokens name the bucket, and a page names the product.
    const entry = productId === undefined ? undefined : catalogue.findFor(productOf(productId), userId);
    if (entry === undefined) return { failure: "reservation_not_found" };
    const { id: bucketId } = entry.product;
    // Without an order, the tag in the id proves the owner.
    if (!ids.belongsTo(reservationId, userId, bucketId)) return { failure: "not_owner" };
    const rejected = await this.#rejection(reservationId, bucketId);
    if (rejected !== undefined) return rejected;
    const holds = await gate.holds({ reservationId, userId, productId: bucketId, saleId: entry.sale.id });
    if (holds) return { ok: { reservation: reservationId, status: "pending", productID: productOf(bucketId) } };
    return this.#unknown(reservationId, entry, asker);
  }

  async #rejection(reservationId: string, productId: string): Promise<ReservationReading | undefined> {
    const reason = await this.#options.orders.readRejection(reservationId);
    if (reason === undefined) return undefined;
    return { ok: { reservation: reservationId, status: "rejected", productID: productOf(productId), reason } };
  }

  /** Neither the ledger nor the gate knows the reservation. A gate that has lost data may have accepted it before. */
  async #unknown(reservationId: string, entry: CatalogueProduct, asker: ReservationAsker): Promise<ReservationReading> {
    const { orders, forgotten } = this.#options;
    const fate = await forgotten.fateOf(entry);
    if (fate !== "lost") return { failure: fate };
    const order = await orders.read(reservationId);
    if (order !== undefined) return readingOf(order, asker);
    const { id } = entry.product;
    const lost = { reservation: reservationId, status: "lost", productID: productOf(id) } as const;
    return (await this.#rejection(reservationId, id)) ?? { ok: lost };
  }
}

function readingOf(order: Order, { userId }: ReservationAsker): ReservationReading {
  return order.userId === userId ? { ok: describeOrder(order) } : { failure: "not_owner" };
}
