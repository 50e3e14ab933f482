import type { StockReturn } from "../../src/domain/order.ts";
import type { AcceptedReservation, ReservationRequest, ReserveOutcome } from "../../src/domain/reservation.ts";
import type { ProductRecord, Sale, SaleProduct, SaleRecord } from "../../src/domain/sale.ts";
import { armedVersion, checkReservation, checkStock, termsOf } from "../../src/gate/check-request.ts";
import type { AmendOutcome, Gate, GateStatus, OutboxEntry } from "../../src/gate/gate.ts";
import { GateArmRefused } from "../../src/gate/gate-errors.ts";
import { productKeys, type GateProduct } from "../../src/gate/product-keys.ts";
import { MemoryOutbox } from "./memory-outbox.ts";

interface MemoryStock {
  epoch: number;
  open: boolean;
  available: number;
  total: number;
  startsAtMs: number;
  endsAtMs: number;
  limitPerUser: number;
  version: number;
  paused: boolean;
  /** User id to the reservations that the user holds. */
  readonly holders: Map<string, readonly string[]>;
  readonly returned: Set<string>;
  readonly outbox: MemoryOutbox;
}

/**
 * A gate in memory, which passes the gate's contract suite. A test can look into it (`stocks`, `accepted`, the counts)
 * and bend its behaviour (`scripted`, `failingReturns`).
 */
export class MemoryGate implements Gate {
  /** By product id. */
  readonly stocks = new Map<string, MemoryStock>();
  /** Every reservation that was ever accepted. */
  readonly accepted: AcceptedReservation[] = [];
  /** How often `reserve` was called. */
  reserveCalls = 0;
  /** How often `giveBack` was called. */
  giveBackCalls = 0;
  /** Answers of the next calls of `reserve`, one by one; the gate decides nothing while there are any. */
  readonly scripted: (() => Promise<ReserveOutcome>)[] = [];
  /** How many of the next calls of `giveBack` fail. */
  failingReturns = 0;
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  async arm(
    sale: Sale | SaleRecord,
    product: SaleProduct | ProductRecord,
    available: number,
  ): Promise<"armed" | "already_armed"> {
    checkStock({ sale, product, available });
    productKeys(product);
    const before = this.stocks.get(product.id);
    const { epoch, total, limitPerUser } = product;
    if (before !== undefined) {
      if (before.epoch === epoch) return "already_armed";
      if (before.epoch > epoch) throw new GateArmRefused(`the gate is at epoch ${before.epoch} already`);
      const waiting = before.outbox.length;
      if (waiting > 0) throw new GateArmRefused(`${waiting} entries of its outbox are not handed over`);
    }
    const { startsAtMs, endsAtMs } = sale;
    this.stocks.set(product.id, {
      ...{ epoch, open: true, available, total, startsAtMs, endsAtMs, limitPerUser },
      ...{ version: armedVersion(product), paused: termsOf(sale, product).paused },
      holders: before?.holders ?? new Map(),
      returned: before?.returned ?? new Set(),
      outbox: before?.outbox ?? new MemoryOutbox(this.#now),
    });
    return "armed";
  }

  async amend(sale: SaleRecord, product: ProductRecord): Promise<AmendOutcome> {
    const total = product.lowering?.total ?? product.total;
    checkStock({ sale, product: { ...product, total }, available: 0 });
    const stock = this.stocks.get(product.id);
    if (stock === undefined) return { kind: "unknown" };
    if (stock.epoch !== product.epoch) return { kind: "other_epoch", epoch: stock.epoch };
    const { paused, version } = termsOf(sale, product);
    if (stock.version >= version) return { kind: "already" };
    const available = stock.available + total - stock.total;
    if (available < 0) return { kind: "not_available", available: stock.available };
    const { startsAtMs, endsAtMs } = sale;
    const { limitPerUser } = product;
    Object.assign(stock, { version, paused, total, available, startsAtMs, endsAtMs, limitPerUser });
    return { kind: "amended" };
  }

  async shut(product: GateProduct): Promise<void> {
    const stock = this.stocks.get(product.id);
    if (stock !== undefined) stock.open = false;
  }

  async reserve(request: ReservationRequest, options: { readonly minEpoch?: number } = {}): Promise<ReserveOutcome> {
    this.reserveCalls++;
    const scripted = this.scripted.shift();
    if (scripted !== undefined) return scripted();
    checkReservation(request);
    productKeys({ saleId: request.saleId, id: request.productId });
    const stock = this.stocks.get(request.productId);
    if (stock === undefined || !stock.open || stock.epoch < (options.minEpoch ?? 0)) return { kind: "closed" };
    return this.#decide(request, stock);
  }

  /** In the order of scripts/reserve.lua. */
  #decide(request: ReservationRequest, stock: MemoryStock): ReserveOutcome {
    const { userId, reservationId } = request;
    const nowMs = this.#now();
    if (nowMs < stock.startsAtMs) return { kind: "not_started", startsAtMs: stock.startsAtMs };
    const held = stock.holders.get(userId) ?? [];
    if (held.includes(reservationId) || stock.returned.has(reservationId)) return { kind: "replay", reservationId };
    if (nowMs >= stock.endsAtMs) return { kind: "ended" };
    if (stock.paused) return { kind: "paused" };
    if (held.length >= stock.limitPerUser) return { kind: "replay", reservationId: held.at(-1)! };
    if (stock.available < 1) return { kind: "sold_out", epoch: stock.epoch };
    stock.available--;
    stock.holders.set(userId, [...held, reservationId]);
    const reservation = { ...request, epoch: stock.epoch, acceptedAtMs: nowMs };
    stock.outbox.append(reservation);
    this.accepted.push(reservation);
    return { kind: "accepted", reservation };
  }

  async giveBack(stockReturn: StockReturn): Promise<"returned" | "ignored"> {
    this.giveBackCalls++;
    if (this.failingReturns > 0) {
      this.failingReturns--;
      throw new Error("the gate is away");
    }
    checkReservation(stockReturn);
    const { productId, userId, reservationId, epoch } = stockReturn;
    const stock = this.stocks.get(productId);
    if (stock === undefined) return "ignored";
    const kept = (stock.holders.get(userId) ?? []).filter((id) => id !== reservationId);
    if (kept.length > 0) stock.holders.set(userId, kept);
    else stock.holders.delete(userId);
    if (stock.returned.has(reservationId)) return "ignored";
    stock.returned.add(reservationId);
    if (stock.epoch !== epoch || stock.available >= stock.total) return "ignored";
    stock.available++;
    return "returned";
  }

  async status(_saleId: string, productId: string): Promise<GateStatus | undefined> {
    const stock = this.stocks.get(productId);
    if (stock === undefined) return undefined;
    const { epoch, open, available, total, startsAtMs, endsAtMs, version, paused } = stock;
    const counts = { outboxLength: stock.outbox.length, holders: stock.holders.size, returns: stock.returned.size };
    return { epoch, open, available, total, startsAtMs, endsAtMs, version, paused, ...counts };
  }

  async holds({ productId, userId, reservationId }: ReservationRequest): Promise<boolean> {
    return this.stocks.get(productId)?.holders.get(userId)?.includes(reservationId) === true;
  }

  async readOutbox(product: GateProduct, relayName: string, limit: number): Promise<OutboxEntry[]> {
    return this.#outboxOf(product).read(relayName, limit);
  }

  async claimOutbox(product: GateProduct, relayName: string, limit: number, idleMs: number): Promise<OutboxEntry[]> {
    return this.#outboxOf(product).claim(relayName, limit, idleMs);
  }

  async acknowledgeOutbox(product: GateProduct, entryIds: readonly string[]): Promise<void> {
    this.#outboxOf(product).acknowledge(entryIds);
  }

  async forgetRelays(product: GateProduct, idleMs: number): Promise<void> {
    this.#outboxOf(product).forgetRelays(idleMs);
  }

  async close(): Promise<void> {}

  #outboxOf(product: GateProduct): MemoryOutbox {
    return this.stocks.get(product.id)?.outbox ?? new MemoryOutbox(this.#now);
  }
}
