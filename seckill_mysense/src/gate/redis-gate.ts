import { readHeldText } from "./held-text.ts";
import { unitsOf } from "../domain/units.ts";
import type { StockReturn } from "../domain/order.ts";
import type { ReservationRequest } from "../domain/reservation.ts";
import type { ProductRecord, SaleRecord } from "../domain/sale.ts";
import { silentLogger, type Logger } from "../logging/logger.ts";
import { systemClock, type Clock } from "../time/clock.ts";
import { checkCount, checkReservation, checkStock, termsOf, type Stock } from "./check-request.ts";
import type { AmendOutcome, Gate, GateStatus, GiveBackOutcome } from "./gate.ts";
import { GateArmRefused, GateOutcomeUnknown } from "./gate-errors.ts";
import { GateConnection, type GateServer } from "./gate-connection.ts";
import { createGateRepair, stockArguments, termArguments } from "./redis-gate-repair.ts";
import { gateScripts } from "./gate-script.ts";
import { Outbox, relayGroup } from "./outbox.ts";
import { checkIdentifier, productKeys, type GateProduct } from "./product-keys.ts";
import { ReserveBatcher } from "./reserve-batcher.ts";

export interface GateOptions {
  readonly connection: GateServer;
  /** Longest wait for an answer, and separately for a connection, in milliseconds. */
  readonly timeoutMs?: number;
  /** Most reservations in one run of the script. */
  readonly maxBatch?: number;
  /** Most runs of the script at a time for one product. */
  readonly maxInFlight?: number;
  /** Most reservations waiting to be sent; beyond it `reserve` rejects with `GateUnavailable`. */
  readonly maxWaiting?: number;
  /**
   * How long a product's keys stay after the end of its sale, in milliseconds. Outbox entries that the relay has not
   * handed over by then are lost with the keys, so this must be longer than any outage of the queue.
   */
  readonly retentionMs?: number;
  readonly logger?: Logger;
  readonly elapsedMs?: Clock["elapsedMs"];
}

const dayMs = 24 * 60 * 60 * 1_000;

/** Connects in the background. Earlier calls wait for the connection, within their time limit. */
export function createGate(options: GateOptions): Gate {
  const { timeoutMs = 1_000, maxBatch = 128, maxInFlight = 2, maxWaiting = 20_000, retentionMs = 7 * dayMs } = options;
  const { logger = silentLogger, elapsedMs = systemClock.elapsedMs } = options;
  checkCount("timeoutMs", timeoutMs, 1, 60_000);
  // Lua can pass some 8,000 values at a time to a command, and a batch of this size runs for about a millisecond.
  checkCount("maxBatch", maxBatch, 1, 1_000);
  checkCount("maxInFlight", maxInFlight, 1, 64);
  checkCount("maxWaiting", maxWaiting, 1, 10_000_000);
  checkCount("retentionMs", retentionMs, 1_000, 3_650 * dayMs);

  const connection = new GateConnection(options.connection, { timeoutMs, logger });
  const batcher = new ReserveBatcher(connection, { maxBatch, maxInFlight, maxWaiting, timeoutMs, elapsedMs });
  const outbox = new Outbox(connection, logger);
  return {
    arm: (sale, product, available) => arm(connection, retentionMs, { sale, product, available }),
    amend: (sale, product) => amend(connection, retentionMs, sale, product),
    reserve: (request, { minEpoch = 0, minSequence = 0 } = {}) => batcher.reserve(request, { minEpoch, minSequence }),
    giveBack: (stockReturn) => giveBack(connection, stockReturn),
    status: (saleId, productId) => readStatus(connection, { saleId, id: productId }),
    holds: (request) => holds(connection, request),
    readOutbox: (product, relayName, limit) => outbox.read(product, relayName, limit),
    claimOutbox: (product, relayName, limit, idleMs) => outbox.claim(product, relayName, limit, idleMs),
    acknowledgeOutbox: (product, entryIds) => outbox.acknowledge(product, entryIds),
    forgetRelays: (product, idleMs) => outbox.forgetRelays(product, idleMs),
    repair: createGateRepair(connection, retentionMs),
    close: () => connection.close(),
  };
}

async function arm(connection: GateConnection, retentionMs: number, stock: Stock): Promise<"armed" | "already_armed"> {
  checkStock(stock);
  const { sale, product } = stock;
  const args = [...stockArguments(stock, retentionMs), relayGroup, ...termArguments(stock)];
  const reply = await connection.run(gateScripts.arm, productKeys(product), args);
  const [outcome, detail] = reply as [string, string?];
  if (outcome === "armed" || outcome === "already_armed") return outcome;
  const what = `product ${product.id} of sale ${sale.id} was not armed with epoch ${product.epoch}`;
  if (outcome === "other_epoch") throw new GateArmRefused(`${what}: the gate is at epoch ${detail} already`);
  if (outcome === "repairing") throw new GateArmRefused(`${what}: the product is under repair`);
  throw new GateOutcomeUnknown(`arm: unreadable reply from the gate server: ${JSON.stringify(reply)}`);
}

async function amend(
  connection: GateConnection,
  retentionMs: number,
  sale: SaleRecord,
  product: ProductRecord,
): Promise<AmendOutcome> {
  const total = product.lowering?.total ?? product.total;
  checkStock({ sale, product: { ...product, total }, available: 0 });
  const { paused, version, waiting } = termsOf(sale, product);
  const numbers = [product.epoch, version, total, sale.startsAtMs, sale.endsAtMs, product.limitPerUser];
  const flags = [paused ? 1 : 0, retentionMs, product.lowering?.since ?? 0, waiting ? 1 : 0];
  const args = [...numbers, ...flags].map(String);
  const reply = await connection.run(gateScripts.amend, productKeys(product), args);
  const [kind, detail] = reply as [string, string?];
  switch (kind) {
    case "amended":
    case "already":
    case "unknown":
    case "closed":
      return { kind };
    case "other_epoch":
      return { kind, epoch: Number(detail) };
    case "not_available":
      return { kind, available: Number(detail) };
    default:
      throw new GateOutcomeUnknown(`amend: unreadable reply from the gate server: ${JSON.stringify(reply)}`);
  }
}

async function giveBack(connection: GateConnection, stockReturn: StockReturn): Promise<GiveBackOutcome> {
  const { saleId, productId, userId, reservationId, epoch } = stockReturn;
  checkReservation(stockReturn);
  const args = [String(epoch), userId, reservationId, String(unitsOf(stockReturn))];
  const reply = await connection.run(gateScripts.giveBack, productKeys({ saleId, id: productId }), args);
  const [kind, sequence, gateEpoch] = reply as [GiveBackOutcome["kind"], string?, string?];
  if (kind === "closed" || kind === "unknown") return { kind };
  return { kind, epoch: Number(gateEpoch), sequence: Number(sequence) };
}

/** In the order of scripts/status.lua. */
const statusFigures = [
  "epoch",
  "open",
  "available",
  "total",
  "startsAtMs",
  "endsAtMs",
  "sequence",
  "verified",
  "outboxLength",
  "holders",
  "returns",
  "nowMs",
  "repairLeaseMs",
  "version",
  "paused",
  "waiting",
] as const satisfies (keyof GateStatus)[];

async function readStatus(connection: GateConnection, product: GateProduct): Promise<GateStatus | undefined> {
  const reply = (await connection.run(gateScripts.status, productKeys(product), [])) as (string | number)[];
  if (reply.length === 0) return undefined;
  const entries = statusFigures.map((name, index) => [name, Number(reply[index])]);
  const figures = Object.fromEntries(entries) as Record<(typeof statusFigures)[number], number>;
  const { open, verified, paused, waiting } = figures;
  return { ...figures, open: open === 1, verified: verified === 1, paused: paused === 1, waiting: waiting === 1 };
}

async function holds(connection: GateConnection, request: ReservationRequest): Promise<boolean> {
  const [, holders] = productKeys({ saleId: request.saleId, id: request.productId });
  checkIdentifier("user id", request.userId);
  const held = (await connection.command("HGET", holders, request.userId)) as string | null;
  return held !== null && held.split(" ").some((text) => readHeldText(text).reservationId === request.reservationId);
}
