import type { StockReturn } from "../domain/order.ts";
import type { ReservationRequest, ReserveOutcome } from "../domain/reservation.ts";
import type { ProductRecord, SaleRecord } from "../domain/sale.ts";
import { checkReservation, termsOf } from "../gate/check-request.ts";
import { GateOutcomeUnknown, GateRequestInvalid } from "../gate/gate-errors.ts";
import type { GateRepair } from "../gate/gate-repair.ts";
import { checkProduct } from "../gate/product-keys.ts";
import type { AmendOutcome, Gate, GateStatus, GiveBackOutcome, ReserveOptions } from "../gate/gate.ts";
import { LedgerUnavailableError } from "../ledger/ledger-errors.ts";
import type { GateRecord, LedgerGates } from "../ledger/gates.ts";
import type { LedgerOrders } from "../ledger/orders.ts";
import type { LedgerReservations } from "../ledger/reservations.ts";

export interface LedgerGateParts {
  readonly reservations: LedgerReservations;
  readonly gates: Pick<LedgerGates, "read">;
  readonly orders: Pick<LedgerOrders, "read">;
  readonly payWithinMs: number;
}

/**
 * A gate that is the ledger: each reservation is decided and recorded in one transaction, and is never on its way. There
 * is no outbox, nothing to arm and nothing to rebuild. For small sales, and as the oracle of the other gates in tests.
 */
export function ledgerGate(parts: LedgerGateParts): Gate {
  return {
    // The ledger has the stock already.
    arm: async () => "already_armed",
    amend: (sale, product) => answered("amend", () => amend(parts, sale, product)),
    reserve: (request, options) => answered("reserve", () => reserve(parts, request, options)),
    giveBack: (stockReturn) => answered("giveBack", () => giveBack(parts, stockReturn)),
    status: (saleId, productId) => answered("status", () => readStatus(parts, saleId, productId)),
    holds: (request) => answered("holds", () => holds(parts, request)),
    readOutbox: async () => [],
    claimOutbox: async () => [],
    acknowledgeOutbox: async () => {},
    forgetRelays: async () => {},
    repair: nothingToRepair,
    close: async () => {},
  };
}

/** Every call may be repeated, so that any failure of the database is an unknown outcome. */
async function answered<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof LedgerUnavailableError)) throw error;
    throw new GateOutcomeUnknown(`${what}: ${error.message}`, { cause: error });
  }
}

async function reserve(
  { reservations, payWithinMs }: LedgerGateParts,
  request: ReservationRequest,
  { minEpoch = 0 }: ReserveOptions = {},
): Promise<ReserveOutcome> {
  checkReservation(request);
  checkProduct({ saleId: request.saleId, id: request.productId });
  return reservations.reserve({ ...request, minEpoch, payWithinMs });
}

/** The ledger's own row says what is sold: there is only to find out whether units that are to go are still there. */
async function amend({ gates }: LedgerGateParts, sale: SaleRecord, product: ProductRecord): Promise<AmendOutcome> {
  const [record] = await gates.read([product.id]);
  if (record === undefined || record.sale.id !== sale.id) return { kind: "unknown" };
  const { lowering } = product;
  // Since the lower total was asked for, no unit above it is sold.
  if (lowering === undefined || unitsLeft(record, lowering.total) >= 0) return { kind: "amended" };
  return { kind: "not_available", available: unitsLeft(record, record.product.total) };
}

/** The unit can be sold as soon as its return is marked: the sweeper does that next. */
async function giveBack({ gates }: LedgerGateParts, stockReturn: StockReturn): Promise<GiveBackOutcome> {
  checkReservation(stockReturn);
  const [record] = await gates.read([stockReturn.productId]);
  if (record === undefined) return { kind: "unknown" };
  const { epoch } = record.product;
  return { kind: epoch === stockReturn.epoch ? "returned" : "ignored", epoch, sequence: record.sequence };
}

async function readStatus(
  { gates, reservations }: LedgerGateParts,
  saleId: string,
  productId: string,
): Promise<GateStatus | undefined> {
  const [record] = await gates.read([productId]);
  if (record === undefined || record.sale.id !== saleId || record.sale.state === "draft") return undefined;
  const { sale, product, sequence } = record;
  // Units that are to leave the product are not sold any more.
  const total = Math.min(product.total, product.lowering?.total ?? product.total);
  return {
    ...termsOf(sale, product),
    ...(await reservations.figures(productId)),
    ...{ epoch: product.epoch, open: true, verified: true, repairLeaseMs: 0, outboxLength: 0 },
    available: Math.max(0, unitsLeft(record, total)),
    total,
    startsAtMs: sale.startsAtMs,
    endsAtMs: sale.endsAtMs,
    sequence,
  };
}

async function holds({ orders }: LedgerGateParts, { reservationId, userId }: ReservationRequest): Promise<boolean> {
  const order = await orders.read(reservationId);
  return order?.userId === userId && (order.state === "reserved" || order.state === "paid");
}

/** Units that are neither taken nor on their way back, of this total; below 0 when there are too few. */
function unitsLeft({ taken, pendingReturns }: GateRecord, total: number): number {
  return total - taken - pendingReturns;
}

const refuse = (): Promise<never> =>
  Promise.reject(new GateRequestInvalid("the ledger decides: no gate can be rebuilt"));
const nothingToRepair: GateRepair = {
  begin: refuse,
  fillHolders: refuse,
  fillDecided: refuse,
  finish: refuse,
  leave: async () => {},
  adopt: refuse,
};
