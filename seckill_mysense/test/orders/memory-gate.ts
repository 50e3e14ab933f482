import type { StockReturn } from "../../src/domain/order.ts";
import type { AcceptedReservation, ReservationRequest } from "../../src/domain/reservation.ts";
import type { SaleProduct } from "../../src/domain/sale.ts";
import type { GateStatus } from "../../src/gate/gate.ts";

interface Stock {
  epoch: number;
  available: number;
  total: number;
}

/** The gate's rules for units, in memory: who asks gets one while there is one, and a unit returns once. */
export class MemoryGate {
  readonly #stocks = new Map<string, Stock>();
  readonly #returned = new Set<string>();
  /** Set by a test: the next calls of `giveBack` fail. */
  failures = 0;
  giveBacks = 0;
  /** Set by a test: accepted reservations that the relay has not acknowledged. */
  outboxLength = 0;

  arm({ id, epoch, total }: SaleProduct, available = total): void {
    this.#stocks.set(id, { epoch, available, total });
  }

  reserve(request: ReservationRequest): AcceptedReservation | undefined {
    const stock = this.#stocks.get(request.productId);
    if (stock === undefined || stock.available === 0) return undefined;
    stock.available--;
    return { ...request, epoch: stock.epoch, acceptedAtMs: 1 };
  }

  async giveBack({ reservationId, productId, epoch }: StockReturn): Promise<"returned" | "ignored"> {
    this.giveBacks++;
    if (this.failures > 0) {
      this.failures--;
      throw new Error("the gate is away");
    }
    const stock = this.#stocks.get(productId);
    if (stock === undefined || this.#returned.has(reservationId)) return "ignored";
    this.#returned.add(reservationId);
    if (stock.epoch !== epoch || stock.available >= stock.total) return "ignored";
    stock.available++;
    return "returned";
  }

  async status(_saleId: string, productId: string): Promise<GateStatus | undefined> {
    const stock = this.#stocks.get(productId);
    if (stock === undefined) return undefined;
    return {
      ...stock,
      open: true,
      startsAtMs: 0,
      endsAtMs: 1,
      outboxLength: this.outboxLength,
      holders: 0,
      returns: this.#returned.size,
    };
  }
}
