import type { StockReturn } from "../../src/domain/order.ts";
import type { AcceptedReservation, ReservationRequest, ReserveOutcome } from "../../src/domain/reservation.ts";
import type { Sale, SaleProduct } from "../../src/domain/sale.ts";
import type { Gate, GateStatus, OutboxEntry } from "../../src/gate/gate.ts";
import type { GateProduct } from "../../src/gate/product-keys.ts";

interface Stock {
  readonly sale: Sale;
  readonly epoch: number;
  readonly total: number;
  available: number;
  returns: number;
  readonly holders: Map<string, string>;
}

/** A gate in memory whose behaviour a test can bend: `answer` replaces the next answers, one by one. */
export class MemoryGate implements Gate {
  readonly stocks = new Map<string, Stock>();
  readonly accepted: AcceptedReservation[] = [];
  /** How often `reserve` was asked. */
  reserveCalls = 0;
  /** Called instead of deciding, as long as there are any. */
  readonly scripted: (() => Promise<ReserveOutcome>)[] = [];
  readonly now: () => number;

  constructor(now: () => number = Date.now) {
    this.now = now;
  }

  arm(sale: Sale, product: SaleProduct, available: number): Promise<"armed" | "already_armed"> {
    if (this.stocks.has(product.id)) return Promise.resolve("already_armed");
    this.stocks.set(product.id, {
      sale,
      epoch: product.epoch,
      total: product.total,
      available,
      returns: 0,
      holders: new Map(),
    });
    return Promise.resolve("armed");
  }

  reserve(request: ReservationRequest): Promise<ReserveOutcome> {
    this.reserveCalls++;
    const scripted = this.scripted.shift();
    return scripted?.() ?? Promise.resolve(this.#decide(request));
  }

  #decide(request: ReservationRequest): ReserveOutcome {
    const stock = this.stocks.get(request.productId);
    if (stock === undefined) return { kind: "closed" };
    if (this.now() < stock.sale.startsAtMs) return { kind: "not_started", startsAtMs: stock.sale.startsAtMs };
    const held = stock.holders.get(request.userId);
    if (held !== undefined) return { kind: "replay", reservationId: held };
    if (this.now() >= stock.sale.endsAtMs) return { kind: "ended" };
    if (stock.available < 1) return { kind: "sold_out", epoch: stock.epoch };
    stock.available--;
    stock.holders.set(request.userId, request.reservationId);
    const reservation = { ...request, epoch: stock.epoch, acceptedAtMs: this.now() };
    this.accepted.push(reservation);
    return { kind: "accepted", reservation };
  }

  shut(product: GateProduct): Promise<void> {
    this.stocks.delete(product.id);
    return Promise.resolve();
  }

  forgetRelays(): Promise<void> {
    return Promise.resolve();
  }

  giveBack(stockReturn: StockReturn): Promise<"returned" | "ignored"> {
    const stock = this.stocks.get(stockReturn.productId);
    if (stock === undefined || stock.holders.get(stockReturn.userId) !== stockReturn.reservationId) {
      return Promise.resolve("ignored");
    }
    stock.holders.delete(stockReturn.userId);
    stock.available++;
    stock.returns++;
    return Promise.resolve("returned");
  }

  status(_saleId: string, productId: string): Promise<GateStatus | undefined> {
    const stock = this.stocks.get(productId);
    return Promise.resolve(
      stock && {
        epoch: stock.epoch,
        open: true,
        available: stock.available,
        total: stock.total,
        startsAtMs: stock.sale.startsAtMs,
        endsAtMs: stock.sale.endsAtMs,
        outboxLength: this.accepted.length,
        holders: stock.holders.size,
        returns: stock.returns,
      },
    );
  }

  holds(request: ReservationRequest): Promise<boolean> {
    return Promise.resolve(this.stocks.get(request.productId)?.holders.get(request.userId) === request.reservationId);
  }

  readOutbox(): Promise<OutboxEntry[]> {
    return Promise.resolve([]);
  }

  claimOutbox(): Promise<OutboxEntry[]> {
    return Promise.resolve([]);
  }

  acknowledgeOutbox(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
