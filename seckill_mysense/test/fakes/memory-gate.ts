import type { StockReturn } from "../../src/domain/order.ts";
import { heldParts } from "../../src/domain/bundle.ts";
import type { AcceptedReservation, ReservationRequest, ReserveOutcome } from "../../src/domain/reservation.ts";
import type { ProductRecord, Sale, SaleProduct, SaleRecord } from "../../src/domain/sale.ts";
import { sumOfUnits, unitsOf } from "../../src/domain/units.ts";
import { isOffer } from "../../src/domain/waiter.ts";
import { checkReservation, checkStock, loweredUpTo, termsOf } from "../../src/gate/check-request.ts";
import type {
  AmendOutcome,
  Gate,
  GateStatus,
  GiveBackOutcome,
  OutboxEntry,
  ReserveOptions,
} from "../../src/gate/gate.ts";
import { GateArmRefused } from "../../src/gate/gate-errors.ts";
import { productKeys, type GateProduct } from "../../src/gate/product-keys.ts";
import type { GateRepair } from "../../src/gate/gate-repair.ts";
import { memoryRepair } from "./memory-repair.ts";
import type { MemoryStock } from "./memory-stock.ts";
import { MemoryOutbox } from "./memory-outbox.ts";

/**
 * A gate in memory, which passes the gate's contract suite. A test can look into it (`stocks`, `accepted`, the counts)
 * and bend its behaviour (`scripted`, `failingReturns`).
 */
export class MemoryGate implements Gate {
  /** By product id. */
  readonly stocks = new Map<string, MemoryStock>();
  /** Changes with each restart of the server that this gate stands for. */
  server = 1;
  readonly repair: GateRepair;
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
    this.repair = memoryRepair(this, now);
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
      if (before.repair !== undefined) throw new GateArmRefused("the product is under repair");
      throw new GateArmRefused(`the gate is at epoch ${before.epoch} already`);
    }
    const { startsAtMs, endsAtMs } = sale;
    this.stocks.set(product.id, {
      ...{ epoch, open: true, available, total, startsAtMs, endsAtMs, limitPerUser },
      ...{ ...termsOf(sale, product), lowered: loweredUpTo(product) },
      ...{ sequence: 1, server: this.server, repair: undefined },
      holders: new Map(),
      returned: new Map(),
      outbox: new MemoryOutbox(this.#now),
    });
    return "armed";
  }

  async amend(sale: SaleRecord, product: ProductRecord): Promise<AmendOutcome> {
    const total = product.lowering?.total ?? product.total;
    checkStock({ sale, product: { ...product, total }, available: 0 });
    const stock = this.stocks.get(product.id);
    if (stock === undefined || stock.epoch === 0) return { kind: "unknown" };
    if (stock.epoch !== product.epoch) return { kind: "other_epoch", epoch: stock.epoch };
    if (!stock.open || stock.server !== this.server) return { kind: "closed" };
    const { paused, version, waiting } = termsOf(sale, product);
    const isNewer = stock.version < version;
    const askedFor = product.lowering?.since ?? 0;
    const lowers = askedFor > stock.lowered;
    if (!isNewer && !lowers) return { kind: "already" };
    const available = stock.available + total - stock.total;
    const isAvailable = available >= 0;
    if (!isAvailable && !(isNewer && lowers)) return { kind: "not_available", available: stock.available };
    const lowered = askedFor > 0 ? Math.max(askedFor, stock.lowered) : version;
    if (isAvailable) Object.assign(stock, { total, available, lowered });
    const { startsAtMs, endsAtMs } = sale;
    const { limitPerUser } = product;
    if (isNewer) Object.assign(stock, { version, paused, waiting, startsAtMs, endsAtMs, limitPerUser });
    return isAvailable ? { kind: "amended" } : { kind: "not_available", available: stock.available };
  }

  async reserve(request: ReservationRequest, options: ReserveOptions = {}): Promise<ReserveOutcome> {
    this.reserveCalls++;
    const scripted = this.scripted.shift();
    if (scripted !== undefined) return scripted();
    checkReservation(request);
    productKeys({ saleId: request.saleId, id: request.productId });
    const stock = this.stocks.get(request.productId);
    if (stock === undefined || !stock.open || stock.server !== this.server) return { kind: "closed" };
    const { minEpoch = 0, minSequence = 0 } = options;
    const isOld = stock.epoch < minEpoch || (stock.epoch === minEpoch && stock.sequence < minSequence);
    if (isOld) return { kind: "closed" };
    return this.#decide(request, stock);
  }

  /** In the order of scripts/reserve.lua. */
  #decide(request: ReservationRequest, stock: MemoryStock): ReserveOutcome {
    const { userId, reservationId } = request;
    const nowMs = this.#now();
    if (nowMs < stock.startsAtMs) return { kind: "not_started", startsAtMs: stock.startsAtMs };
    const held = stock.holders.get(userId) ?? [];
    const own = held.find((one) => one.reservationId === reservationId);
    if (own !== undefined) return { kind: "replay", ...own };
    if (stock.returned.has(reservationId)) return { kind: "replay", reservationId };
    if (nowMs >= stock.endsAtMs) return { kind: "ended" };
    if (stock.paused) return { kind: "paused" };
    const mayTake = stock.limitPerUser - sumOfUnits(held);
    const units = unitsOf(request);
    if (mayTake <= 0) return { kind: "replay", ...held.at(-1)!, ...heldParts(held) };
    if (units > mayTake) return { kind: "over_limit", left: mayTake, ...heldParts(held) };
    const isBehindOthers = stock.waiting && !isOffer(reservationId);
    const left = isBehindOthers ? 0 : stock.available;
    if (left < units) return { kind: "sold_out", epoch: stock.epoch, left };
    stock.available -= units;
    stock.sequence++;
    stock.holders.set(userId, [...held, units === 1 ? { reservationId } : { reservationId, quantity: units }]);
    const reservation = { ...request, epoch: stock.epoch, acceptedAtMs: nowMs, sequence: stock.sequence };
    stock.outbox.append(reservation);
    this.accepted.push(reservation);
    return { kind: "accepted", reservation };
  }

  async giveBack(stockReturn: StockReturn): Promise<GiveBackOutcome> {
    this.giveBackCalls++;
    if (this.failingReturns > 0) {
      this.failingReturns--;
      throw new Error("the gate is away");
    }
    checkReservation(stockReturn);
    const { productId, userId, reservationId, epoch } = stockReturn;
    const stock = this.stocks.get(productId);
    if (stock === undefined || stock.epoch === 0) return { kind: "unknown" };
    if (!stock.open || stock.epoch < epoch || stock.server !== this.server) return { kind: "closed" };
    const kept = (stock.holders.get(userId) ?? []).filter((one) => one.reservationId !== reservationId);
    if (kept.length > 0) stock.holders.set(userId, kept);
    else stock.holders.delete(userId);
    if ((stock.returned.get(reservationId) ?? -1) >= epoch) {
      return { kind: "ignored", epoch: stock.epoch, sequence: stock.sequence };
    }
    stock.returned.set(reservationId, epoch);
    stock.sequence++;
    const mark = { epoch: stock.epoch, sequence: stock.sequence };
    const units = Math.min(unitsOf(stockReturn), stock.total - stock.available);
    if (stock.epoch !== epoch || units < 1) return { kind: "ignored", ...mark };
    stock.available += units;
    return { kind: "returned", ...mark };
  }

  async status(_saleId: string, productId: string): Promise<GateStatus | undefined> {
    const stock = this.stocks.get(productId);
    if (stock === undefined || stock.epoch === 0) return undefined;
    const { epoch, open, available, total, startsAtMs, endsAtMs, sequence, server, repair, version } = stock;
    const { paused, waiting } = stock;
    const nowMs = this.#now();
    const counts = { outboxLength: stock.outbox.length, holders: stock.holders.size, returns: stock.returned.size };
    const state = { verified: server === this.server, repairLeaseMs: Math.max(0, (repair?.untilMs ?? 0) - nowMs) };
    return {
      epoch,
      open,
      available,
      total,
      startsAtMs,
      endsAtMs,
      sequence,
      nowMs,
      version,
      paused,
      waiting,
      ...state,
      ...counts,
    };
  }

  async holds({ productId, userId, reservationId }: ReservationRequest): Promise<boolean> {
    const held = this.stocks.get(productId)?.holders.get(userId) ?? [];
    return held.some((one) => one.reservationId === reservationId);
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
