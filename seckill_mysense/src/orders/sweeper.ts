import { repairedAfterEndMs } from "../domain/sale.ts";
import type { Gate, GiveBackOutcome } from "../gate/gate.ts";
import type { HealthPart } from "../health/health-board.ts";
import { unwatchedPart } from "../health/part-sources.ts";
import type { LedgerBundles } from "../ledger/bundles.ts";
import type { LedgerOrders } from "../ledger/orders.ts";
import type { LedgerProgramRequests } from "../ledger/program-requests.ts";
import type { LedgerRevocations } from "../ledger/revocations.ts";
import { ForgottenRequests } from "./forget-requests.ts";
import { ForgottenRevocations } from "./forget-revocations.ts";
import { offerUnits, type OfferParts } from "./offer-units.ts";
import { OfferWatch, type OfferFigures } from "./offer-watch.ts";
import type { AppliedReturn, LedgerReturns, PendingReturn } from "../ledger/returns.ts";
import { systemClock, type Clock } from "../time/clock.ts";
import { pause } from "../time/pause.ts";

export interface SweeperOptions {
  readonly orders: Pick<LedgerOrders, "expireUnpaid" | "releaseCancelled">;
  readonly bundles: Pick<LedgerBundles, "breakOverdue" | "releaseBroken">;
  readonly returns: LedgerReturns;
  readonly gate: Pick<Gate, "giveBack">;
  /** Lets units that come back go to those who wait for them. */
  readonly offers?: OfferParts;
  /** The requests of programs, which are forgotten long after their sale. */
  readonly programRequests?: Pick<LedgerProgramRequests, "forget">;
  /** Revocations of sessions, which are forgotten when nothing is left that they concern. */
  readonly revocations?: Pick<LedgerRevocations, "forget">;
  /** Is told whether sweeps succeed. */
  readonly health?: HealthPart;
  /** Pause between two sweeps. */
  readonly intervalMs?: number;
  /** Orders and returns in one step of a sweep. */
  readonly maxBatch?: number;
  /** Unix milliseconds. */
  readonly now?: Clock["now"];
  readonly elapsedMs?: Clock["elapsedMs"];
}

export interface SweepResult {
  /** Orders that expired, and orders of cancelled sales. */
  readonly expired: number;
  /** Returns that the gate has answered, whether it took the unit back or ignored the return. */
  readonly applied: number;
  /** Returns that the gate could not be notified of, or did not take yet; the next sweep tries them again. */
  readonly failed: number;
  /** Units that were offered to those who wait, if any were. */
  readonly offered?: number;
  /** Why the gate could not be notified of one of them. */
  readonly reason?: string;
}

export interface Sweeper {
  /** Starts a sweep, or joins the running one, and gives its result. */
  sweep(): Promise<SweepResult>;
  /** When a sweep last ended that left nothing behind, by the monotonic clock. Before the first one: the start. */
  readonly cleanAtMs: number;
  /** The waiting lists as the last sweep saw them. */
  readonly lists: OfferFigures;
  /** Lets a running sweep finish its step. */
  stop(): Promise<void>;
}

/**
 * Expires unpaid orders, ends bundles that cannot be had as a whole, brings released units back to the gate, and offers
 * them to those who wait. Several sweepers may run at once: an expiry is a conditional change of the row, and the gate
 * takes each return once. A crash after the gate's answer and before the ledger's mark repeats the return, and the gate
 * ignores it.
 */
export function startSweeper(options: SweeperOptions): Sweeper {
  const { intervalMs = 500, health = unwatchedPart, elapsedMs = systemClock.elapsedMs } = options;
  let cleanAtMs = elapsedMs();
  const watch = new OfferWatch(elapsedMs);
  const { programRequests, revocations } = options;
  const forgotten = [
    ...(programRequests ? [new ForgottenRequests(programRequests)] : []),
    ...(revocations ? [new ForgottenRevocations(revocations)] : []),
  ];
  const stopping = new AbortController();
  const { signal } = stopping;
  let running: Promise<SweepResult> | undefined;

  const sweep = (): Promise<SweepResult> => {
    running ??= sweepOnce(options, { watch, forgotten, signal }).finally(() => (running = undefined));
    return running;
  };
  const report = async (): Promise<void> => {
    try {
      const { failed, reason } = await sweep();
      if (failed > 0) return health.degraded(`the gate did not take ${failed} returned units: ${reason}`);
      const notServed = watch.notServed;
      if (notServed !== undefined) return health.degraded(notServed);
      cleanAtMs = elapsedMs();
      health.ok();
    } catch (error) {
      health.down(`a sweep failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const sweepRegularly = async (): Promise<void> => {
    for (let pauseMs = 0; ; pauseMs = intervalMs) {
      await pause(pauseMs, signal);
      if (signal.aborted) return;
      await report();
    }
  };
  const sweeping = sweepRegularly();

  return {
    sweep,
    get cleanAtMs() {
      return cleanAtMs;
    },
    get lists() {
      return watch.figures;
    },
    async stop() {
      stopping.abort();
      await running?.catch(() => {});
      await sweeping;
    },
  };
}

interface SweepParts {
  readonly watch: OfferWatch;
  readonly forgotten: readonly { step(nowMs: number): Promise<void> }[];
  readonly signal: AbortSignal;
}

/**
 * Works in rounds until nothing is left. Each round does one step of everything, so that no kind of work, and no sale,
 * waits for another one's thousands of orders. A step that fails does not keep the others from their work: one corrupt
 * order must not stop the returns of all sales.
 */
async function sweepOnce(options: SweeperOptions, { watch, forgotten, signal }: SweepParts): Promise<SweepResult> {
  const { orders, bundles, maxBatch = 500, now = systemClock.now } = options;
  const steps = [() => orders.expireUnpaid(now(), maxBatch), () => orders.releaseCancelled(maxBatch)];
  const bundleSteps = [() => bundles.breakOverdue(now(), maxBatch), () => bundles.releaseBroken(maxBatch)];
  let due = [...steps, ...bundleSteps];
  const returned = new ReturnedUnits(options);
  let [expired, offered] = [0, 0];
  let failure: PromiseRejectedResult | undefined;
  let isMore = true;
  while (isMore && !signal.aborted) {
    const full: typeof due = [];
    for (const step of due) {
      const [outcome] = await Promise.allSettled([step()]);
      if (outcome.status === "rejected") failure ??= outcome;
      else if (steps.includes(step)) expired += outcome.value;
      if (outcome.status === "fulfilled" && outcome.value >= maxBatch) full.push(step);
    }
    due = full;
    const isMoreReturned = await returned.bringBack(signal);
    // Comes after the returns: what this round has brought back is offered at once.
    offered += await offer(options, watch, signal);
    isMore = isMoreReturned || due.length > 0;
  }
  for (const one of forgotten) await one.step(now());
  if (failure !== undefined) throw failure.reason;
  return { expired, ...returned.result, ...(offered > 0 && { offered }) };
}

async function offer({ offers, now = systemClock.now }: SweeperOptions, watch: OfferWatch, signal: AbortSignal) {
  if (offers === undefined) return 0;
  const result = await offerUnits(offers, now(), signal);
  watch.note(result);
  return result.offered;
}

/** The returns of one sweep, in rounds. */
class ReturnedUnits {
  readonly #options: SweeperOptions;
  /** The returns of a product whose gate is closed, away or in another epoch must not hold up those of the others. */
  readonly #waiting = new Set<string>();
  #applied = 0;
  #failed = 0;
  #reason: string | undefined;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  get result(): Omit<SweepResult, "expired"> {
    const reason = this.#reason;
    return { applied: this.#applied, failed: this.#failed, ...(reason !== undefined && { reason }) };
  }

  /** One round: a product with many returns gets its share, and the others come first. Says whether more are left. */
  async bringBack(signal: AbortSignal): Promise<boolean> {
    const { returns, maxBatch = 500 } = this.#options;
    const share = Math.ceil(maxBatch / 10);
    const served = new Set<string>();
    while (!signal.aborted && this.#waiting.size + served.size < maxExceptedProducts) {
      const pending = await returns.pending(maxBatch, [...this.#waiting, ...served]);
      const answered = await giveBackAll(this.#options, pending);
      const inOtherEpoch = await returns.markReturned(answered.applied);
      const marked = answered.applied.filter(({ productId }) => !inOtherEpoch.has(productId));
      this.#applied += marked.length;
      this.#failed += pending.length - marked.length;
      this.#reason ??= answered.reason ?? describeEpochs(inOtherEpoch);
      for (const productId of [...answered.waiting, ...inOtherEpoch]) this.#waiting.add(productId);
      if (pending.length < maxBatch) break;
      for (const [productId, some] of Map.groupBy(marked, (one) => one.productId)) {
        if (some.length >= share && !this.#waiting.has(productId)) served.add(productId);
      }
    }
    return served.size > 0;
  }
}

function describeEpochs(products: ReadonlySet<string>): string | undefined {
  const [first] = products;
  return first === undefined ? undefined : `gate and ledger are in different epochs of ${first}`;
}

/** Bounds the list of products in one query: more than one gate holds that is closed as a whole. */
const maxExceptedProducts = 10_000;

interface Answered {
  /** The gate has answered: it took the unit, or there is nothing to return. */
  readonly applied: AppliedReturn[];
  /** Products with a return that must be repeated later. */
  readonly waiting: ReadonlySet<string>;
  /** Why the gate could not be notified of one of them. */
  readonly reason: string | undefined;
}

async function giveBackAll(options: SweeperOptions, returns: readonly PendingReturn[]): Promise<Answered> {
  const { gate, now = systemClock.now } = options;
  const results = await Promise.allSettled(returns.map((stockReturn) => gate.giveBack(stockReturn)));
  const applied: AppliedReturn[] = [];
  const waiting = new Set<string>();
  let reason: string | undefined;
  for (const [index, result] of results.entries()) {
    const stockReturn = returns[index] as PendingReturn;
    if (result.status === "fulfilled" && isAnswer(result.value, stockReturn, now())) {
      const { reservationId, productId, epoch } = stockReturn;
      const gate = "sequence" in result.value ? result.value : undefined;
      applied.push({ reservationId, productId, epoch, gate });
      continue;
    }
    const why = result.status === "rejected" ? String(result.reason) : `the gate's product is ${result.value.kind}`;
    reason ??= `${stockReturn.reservationId}: ${why}`;
    waiting.add(stockReturn.productId);
  }
  return { applied, waiting, reason };
}

/** A gate that has lost a product is rebuilt while its sale is on, and some time after that. */
function isAnswer({ kind }: GiveBackOutcome, { saleEndsAtMs }: PendingReturn, nowMs: number): boolean {
  if (kind === "unknown") return nowMs > saleEndsAtMs + repairedAfterEndMs;
  return kind !== "closed";
}
