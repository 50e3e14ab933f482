import { repairedAfterEndMs } from "../domain/sale.ts";
import { resultOf, type InvariantResult } from "./verification-report.ts";
import type { ProductView, SaleView } from "./sale-view.ts";

/** I6: every unit is in exactly one place. */
export function checkConservation(view: SaleView, atRest: boolean): InvariantResult {
  if (!view.gateAsked) return { status: "not_asked", why: "the gate was not asked" };
  const whyNot: string[] = [];
  const findings: string[] = [];
  for (const product of view.products) {
    const why = uncheckable(product, view);
    if (why !== undefined) whyNot.push(why);
    else findings.push(...weighProduct(product, view, atRest));
  }
  // Figures of several moments prove nothing.
  if (!view.still) return { status: "not_checked", why: "figures changed while they were read" };
  if (findings.length === 0 && whyNot.length > 0) return { status: "not_checked", why: whyNot.slice(0, 10).join("; ") };
  return resultOf(findings, `${view.products.length} products at the gate, on the way and in the ledger`);
}

/** Why the units of a product cannot be counted: its gate is to be rebuilt. */
function uncheckable({ audit, gate }: ProductView, view: SaleView): string | undefined {
  const { product } = audit;
  if (gate === undefined) {
    return isNotNeeded({ audit, gate }, view) ? undefined : `the gate knows nothing of ${product.id}`;
  }
  if (gate.epoch !== product.epoch) {
    return `product ${product.id} has epoch ${product.epoch} in the ledger, but ${gate.epoch} at the gate`;
  }
  return undefined;
}

/** The gate was not armed yet, or has forgotten the product long after the end of its sale. */
function isNotNeeded({ audit, gate }: ProductView, { audit: { sale }, nowMs }: SaleView): boolean {
  if (gate !== undefined) return false;
  const isUntouched = audit.armedEpoch === 0 && audit.totals.reserved + audit.totals.sold === 0;
  return isUntouched || (nowMs !== undefined && nowMs > sale.endsAtMs + repairedAfterEndMs);
}

/**
 * A unit in the outbox or the queue may also be in the ledger, recorded but not yet acknowledged; and the queue does not
 * count its messages by product. Both weaken the lower bound, and neither affects the upper bound.
 */
function weighProduct(product: ProductView, view: SaleView, atRest: boolean): string[] {
  if (isNotNeeded(product, view)) return [];
  const { audit, gate } = product;
  const name = `product ${audit.product.id}`;
  if (gate !== undefined && gate.sequence < audit.gateSequence) {
    const seen = `the ledger has seen sequence ${audit.gateSequence}`;
    return [`${name}: the gate fell back to an older state: it is at sequence ${gate.sequence}, ${seen}`];
  }
  const { total, reserved, sold } = audit.totals;
  const { available = 0 } = gate ?? {};
  const { pendingReturns } = audit;
  const found = available + pendingReturns + reserved + sold;
  const sum = `gate ${available} + returns ${pendingReturns} + reserved ${reserved} + sold ${sold} = ${found}`;
  if (found > total) return [`${name}: ${sum}, which is over the total of ${total}`];
  const missing = missingUnits(product, view);
  if (missing === 0) return [];
  const stuck = atRest ? "" : "; they do not move, so they are lost, or held by a part that does not go on";
  return [`${name}: ${sum}, which is ${missing} short of the total of ${total}${stuck}`];
}

/** Units that are at no known place; what waits in the queue may be of any product. */
export function missingUnits({ audit, gate }: ProductView, { queue }: Pick<SaleView, "queue">): number {
  const { total, reserved, sold } = audit.totals;
  const { available = 0, outboxLength = 0 } = gate ?? {};
  const found = available + audit.pendingReturns + reserved + sold;
  const inQueue = (queue?.ready ?? 0) + (queue?.unacknowledged ?? 0);
  // A reservation on its way has at most as many units as one user may hold.
  const most = audit.product.limitPerUser;
  return found + (outboxLength + inQueue) * most >= total ? 0 : total - found - outboxLength * most;
}

/** I8: while buyers are left, every unit is reserved or sold in the end; those who wait are such buyers. */
export function checkUndersell(
  view: SaleView,
  { atRest, demandLeft }: { readonly atRest: boolean; readonly demandLeft: boolean | undefined },
): InvariantResult {
  const { audit } = view;
  const waitedFor = atRest ? view.products.flatMap((product) => freeWhileWaitedFor(product, view)) : [];
  if (waitedFor.length > 0) return resultOf(waitedFor, "");
  const unsold = audit.products.filter(({ totals }) => totals.reserved + totals.sold < totals.total);
  if (unsold.length === 0) return { status: "ok", checked: "every unit is reserved or sold" };
  if (!atRest) return { status: "not_asked", why: "the sale is running" };
  if (demandLeft !== true) {
    return {
      status: "not_asked",
      why: demandLeft === false ? "no demand was left" : "nobody said whether demand was left",
    };
  }
  const findings = unsold.map(({ product, totals: { total, reserved, sold } }) => {
    return `product ${product.id}: reserved ${reserved} + sold ${sold} of ${total}, though buyers were left`;
  });
  return resultOf(findings, "");
}

/** A unit that is free although somebody waits for it and the sale is open. */
function freeWhileWaitedFor({ audit, gate }: ProductView, { audit: { sale }, nowMs }: SaleView): string[] {
  const { product, waiting, isPaused, pendingReturns } = audit;
  const isOpen = nowMs === undefined || (nowMs >= sale.startsAtMs && nowMs < sale.endsAtMs);
  const free = (gate?.available ?? 0) + pendingReturns;
  if (waiting === 0 || free === 0 || isPaused || !isOpen) return [];
  return [`product ${product.id}: free units ${free}, waiting buyers ${waiting}`];
}
