import type { Gate } from "../gate/gate.ts";
import type { LedgerAudit, SaleAudit } from "../ledger/audit.ts";
import type { LedgerOrders } from "../ledger/orders.ts";
import type { ReservationQueue } from "../queue/queue.ts";
import { pause } from "../time/pause.ts";
import { checkConservation, checkUndersell, missingUnits } from "./unit-checks.ts";
import { checkDecided } from "./decision-checks.ts";
import { checkBundles, checkLimits, checkMoney, checkReturns, checkTotals } from "./ledger-checks.ts";
import type { GateFigures, ProductView, SaleView } from "./sale-view.ts";
import { compareTold } from "./told-checks.ts";
import type { ToldAnswer } from "./told-answer.ts";
import { resultOf, type InvariantResult, type ProductFigures, type VerificationReport } from "./verification-report.ts";

export interface VerifySaleOptions {
  readonly saleId: string;
  readonly ledger: { readonly audit: LedgerAudit; readonly orders: Pick<LedgerOrders, "readAnswers"> };
  readonly gate?: Pick<Gate, "status">;
  readonly queue?: Pick<ReservationQueue, "depth">;
  /** All answers to clients. Answers about products of other sales are skipped. */
  readonly told?: Iterable<ToldAnswer>;
  /**
   * All buying has ended, and everything has had time to arrive: reservations that are still on their way are findings.
   * If false, only invariants that hold at every moment are checked. True by default.
   */
  readonly atRest?: boolean;
  /** Buyers were still asking when the sale came to rest, so every unit must be reserved or sold. */
  readonly demandLeft?: boolean;
  /** Unix milliseconds. Long after the end of a sale its gate need not know it any more. */
  readonly nowMs?: number;
  /**
   * In a running sale, units in a consumer's hands are at no known place for a moment. Missing units are a finding if
   * nothing has moved for this long, in milliseconds.
   */
  readonly stillForMs?: number;
}

/** Checks the invariants of a sale as far as the given sources allow. Throws when the ledger has no such sale. */
export async function verifySale(options: VerifySaleOptions): Promise<VerificationReport> {
  const { saleId, atRest = true, demandLeft } = options;
  const view = atRest ? await look(options) : await lookUntilFound(options);
  const results = {
    I1: checkTotals(view),
    I2: checkLimits(view),
    I3: checkAnswers(view),
    I4: view.told === undefined ? noRecord : resultOf(view.told.wrongWins, `${view.told.won} wins told`),
    I5: checkDecided(view, atRest),
    I6: checkConservation(view, atRest),
    I7: checkReturns(view),
    I8: checkUndersell(view, { atRest, demandLeft }),
    I9: checkMoney(view),
    I10: checkBundles(view, atRest),
  };
  const outcome = outcomeOf(Object.values(results), atRest);
  return {
    saleId,
    ok: outcome === "holds",
    outcome,
    products: view.products.map(figuresOf),
    ...(view.queue === undefined ? {} : { queue: view.queue }),
    results,
  };
}

const noRecord: InvariantResult = { status: "not_asked", why: "no record of what clients were told" };

function outcomeOf(results: readonly InvariantResult[], atRest: boolean): VerificationReport["outcome"] {
  if (results.some(({ status }) => status === "violated")) return "violated";
  return atRest && results.some(({ status }) => status === "not_checked") ? "unchecked" : "holds";
}

const lookEveryMs = 100;

/** Looks again while units are missing, until they are found or nothing has moved for a while. */
async function lookUntilFound(options: VerifySaleOptions): Promise<SaleView> {
  const looks = Math.ceil((options.stillForMs ?? 2_000) / lookEveryMs);
  let view = await look(options);
  for (let still = 0; still < looks && view.gateAsked && isShort(view); still++) {
    await pause(lookEveryMs);
    const later = await look(options);
    if (!Bun.deepEquals(view.products, later.products)) still = 0;
    view = later;
  }
  return view;
}

function isShort(view: SaleView): boolean {
  return view.still && view.products.some((product) => product.gate !== undefined && missingUnits(product, view) > 0);
}

async function look({ saleId, ledger, gate, queue, told, nowMs }: VerifySaleOptions): Promise<SaleView> {
  const before = await readSale(ledger.audit, saleId);
  const statuses = await readGate(gate, before);
  const depth = await queue?.depth();
  const toldFindings = told === undefined ? undefined : await compareTold(told, before, ledger.orders);
  // The sources cannot be read at one moment: a second reading shows whether anything changed meanwhile.
  const audit = await readSale(ledger.audit, saleId);
  const later = await readGate(gate, audit);
  const still = Bun.deepEquals([before, statuses, depth], [audit, later, await queue?.depth()]);
  const products = audit.products.map((product, index) => ({ audit: product, gate: later[index] }));
  return { audit, products, gateAsked: gate !== undefined, queue: depth, told: toldFindings, nowMs, still };
}

async function readSale(audit: LedgerAudit, saleId: string): Promise<SaleAudit> {
  const sale = await audit.auditSale(saleId);
  if (sale === undefined) throw new Error(`the ledger has no sale ${saleId}`);
  return sale;
}

async function readGate(
  gate: VerifySaleOptions["gate"],
  { products }: SaleAudit,
): Promise<(GateFigures | undefined)[]> {
  return Promise.all(
    products.map(async ({ product }) => {
      const status = await gate?.status(product.saleId, product.id);
      if (status === undefined) return undefined;
      const { nowMs: _, repairLeaseMs: __, ...figures } = status;
      return figures;
    }),
  );
}

/** I3: the ledger's own rows, and the answers to clients about them. */
function checkAnswers({ audit, told }: SaleView): InvariantResult {
  const { count, examples } = audit.contradictions;
  const fromTold = told?.wrongAnswers ?? [];
  if (count + fromTold.length > 0) {
    return { status: "violated", count: count + fromTold.length, examples: [...examples, ...fromTold].slice(0, 10) };
  }
  return { status: "ok", checked: told === undefined ? "the ledger alone" : `${told.compared} answers told` };
}

function figuresOf({ audit, gate }: ProductView): ProductFigures {
  return {
    productId: audit.product.id,
    ...audit.totals,
    ...(gate === undefined ? {} : { available: gate.available, outbox: gate.outboxLength }),
    pendingReturns: audit.pendingReturns,
    rejected: Object.values(audit.rejections).reduce((sum, count) => sum + count, 0),
  };
}
