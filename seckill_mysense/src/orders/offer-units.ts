import type { Waiter } from "../domain/waiter.ts";
import { type Gate, type GateStatus, isServed } from "../gate/gate.ts";
import type { LedgerWaiters, WaitingList } from "../ledger/waiters.ts";

export interface OfferParts {
  readonly waiters: Pick<LedgerWaiters, "lists" | "next" | "close" | "end" | "endOfLimit">;
  readonly gate: Pick<Gate, "status" | "reserve" | "amend">;
  /** Gets units from the other buckets of a product that has several. */
  readonly borrow?: (list: WaitingList, wanted: number) => Promise<void>;
}

export interface OfferResult {
  /** Units that the gate has set aside for those who wait. */
  offered: number;
  /** Lists that could not be served now; the next round tries them again. */
  failed: number;
  /** Why one of them could not be. */
  reason?: string;
  /** Open lists with the numbers of those who wait. */
  readonly waiting: Map<string, number>;
  /** Products with a unit that stays free although somebody waits. */
  readonly free: Set<string>;
}

/** Lists in one query of the ledger. Each costs one question to the gate while no unit is free. */
const listsAtOnce = 100;
/** Waiters in one query. */
const waitersAtOnce = 100;
/** Most waiters of one product in one round: many units that come at once must not hold up the other products. */
const maxWaitersInRound = 1_000;

/**
 * Offers free units to those who wait, in the order in which they came. An offer is an ordinary reservation at the gate,
 * and reaches the ledger as every other one does. Several processes may do this at once: each asks the gate for one
 * waiter after the other, and goes on only after it knows the answer. The gate gives one unit to each reservation, however
 * often it is asked, so nobody gets two, and nobody overtakes.
 */
export async function offerUnits(parts: OfferParts, nowMs: number, signal: AbortSignal): Promise<OfferResult> {
  const result: OfferResult = { offered: 0, failed: 0, waiting: new Map(), free: new Set() };
  let after = "";
  while (!signal.aborted) {
    const lists = await parts.waiters.lists(after, listsAtOnce);
    // A gate that does not answer concerns its own products only.
    const served = await Promise.allSettled(lists.map((list) => serveList(parts, { list, nowMs, result, signal })));
    for (const [index, outcome] of served.entries()) {
      if (outcome.status === "fulfilled") continue;
      result.failed++;
      result.reason ??= `${lists[index]!.product.id}: ${String(outcome.reason)}`;
    }
    if (lists.length < listsAtOnce) break;
    after = lists.at(-1)!.product.id;
  }
  return result;
}

interface Round {
  readonly list: WaitingList;
  readonly nowMs: number;
  readonly result: OfferResult;
  readonly signal: AbortSignal;
}

async function serveList(parts: OfferParts, round: Round): Promise<void> {
  const { list, nowMs, result } = round;
  const { sale, product, waiting } = list;
  result.waiting.set(product.id, waiting);
  if (waiting === 0) return closeList(parts, product.id);
  const status = await parts.gate.status(sale.id, product.id);
  if (isOver(list, status, nowMs)) {
    await parts.waiters.end(product.id);
    return closeList(parts, product.id);
  }
  // Its keeper compares or rebuilds it first.
  if (!isServed(status)) return;
  const offered = status.available === 0 ? 0 : await offerInOrder(parts, round, status.available);
  result.offered += offered;
  if (offered < Math.min(status.available, waiting)) await noteFree(parts, round);
  // The next round offers what comes.
  if (list.isSplit && status.available < waiting) await parts.borrow?.(list, waiting - status.available);
}

/** The gate's clock decides, as for all buyers. Long after the end the gate may not know the product any more. */
function isOver({ sale }: WaitingList, status: GateStatus | undefined, nowMs: number): boolean {
  if (sale.state === "cancelled") return true;
  return status === undefined ? nowMs > sale.endsAtMs + forgottenAfterMs : status.nowMs >= sale.endsAtMs;
}

const forgottenAfterMs = 60_000;

/** A process that dies before the gate knows leaves that to the gateways, which follow the ledger's revisions. */
async function closeList({ waiters, gate }: OfferParts, productId: string): Promise<void> {
  const closed = await waiters.close(productId);
  if (closed !== undefined) await gate.amend(closed.sale, closed.product);
}

/** Returns how many units the gate has set aside. */
async function offerInOrder(parts: OfferParts, { list, signal }: Round, available: number): Promise<number> {
  let offered = 0;
  let after = 0;
  for (let asked = 0; asked < maxWaitersInRound && !signal.aborted;) {
    const some = await parts.waiters.next(list.product.id, after, waitersAtOnce);
    for (const waiter of some) {
      const answer = await offerOne(parts, list, waiter);
      if (answer === "stop") return offered;
      if (answer === "offered") offered++;
      if (offered === available) return offered;
    }
    if (some.length < waitersAtOnce) return offered;
    asked += some.length;
    after = some.at(-1)!.place;
  }
  return offered;
}

/**
 * Throws when the outcome is unknown. The next waiter must not be asked for then: this one may have got nothing.
 * - `passed`: the waiter's offer is on its way already, or the waiter needs none.
 */
async function offerOne(
  { gate, waiters }: OfferParts,
  { product, sequence }: WaitingList,
  { saleId, productId, userId, reservationId }: Waiter,
): Promise<"offered" | "passed" | "stop"> {
  const known = { minEpoch: product.epoch, minSequence: sequence };
  const outcome = await gate.reserve({ saleId, productId, userId, reservationId }, known);
  switch (outcome.kind) {
    case "accepted":
      return "offered";
    case "replay":
      // The user holds another reservation. If it is not recorded yet, the ledger may still reject it.
      if (outcome.reservationId !== reservationId) await waiters.endOfLimit(productId, userId);
      return "passed";
    default:
      return "stop";
  }
}

/** Some of those who wait may have their offers on the way. So only the gate's answer after the round counts. */
async function noteFree({ gate }: OfferParts, { list: { sale, product }, result }: Round): Promise<void> {
  const status = await gate.status(sale.id, product.id);
  const isOnSale = status !== undefined && !status.paused && status.nowMs >= status.startsAtMs;
  if (isOnSale && status.available > 0 && status.outboxLength === 0) result.free.add(product.id);
}
