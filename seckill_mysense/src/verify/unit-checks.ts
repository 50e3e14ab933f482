import { resultOf, type InvariantResult } from "./verification-report.ts";
import type { ProductView, SaleView } from "./sale-view.ts";

/** I6: every unit is in exactly one place. */
export function checkConservation(view: SaleView, atRest: boolean): InvariantResult {
  if (!view.gateAsked) return { status: "not_checked", why: "the gate was not asked" };
  if (!view.still) return { status: "not_checked", why: "figures changed while they were read" };
  const unknown = view.products.filter(({ gate }) => gate === undefined).map(({ audit }) => audit.product.id);
  if (unknown.length > 0) return { status: "not_checked", why: `the gate knows nothing of ${unknown.join(", ")}` };
  const elsewhere = view.products.filter(({ audit, gate }) => gate?.epoch !== audit.product.epoch);
  if (elsewhere.length > 0) {
    const [{ audit, gate }] = elsewhere as [ProductView];
    const why = `product ${audit.product.id} has epoch ${audit.product.epoch} in the ledger, but ${gate?.epoch} at the gate`;
    return { status: "not_checked", why };
  }
  const findings = view.products.flatMap((product) => weighProduct(product, view, atRest));
  return resultOf(findings, `${view.products.length} products at the gate, on the way and in the ledger`);
}

/**
 * A unit in the outbox or the queue may also be in the ledger, recorded but not yet acknowledged; and the queue does not
 * count its messages by product. Both weaken the lower bound, and neither affects the upper bound.
 */
function weighProduct({ audit, gate }: ProductView, { queue }: SaleView, atRest: boolean): string[] {
  const { total, reserved, sold } = audit.totals;
  const { available = 0, outboxLength = 0 } = gate ?? {};
  const { pendingReturns } = audit;
  const found = available + pendingReturns + reserved + sold;
  const onTheWay = outboxLength + (queue?.ready ?? 0) + (queue?.unacknowledged ?? 0);
  const sum = `gate ${available} + returns ${pendingReturns} + reserved ${reserved} + sold ${sold} = ${found}`;
  const name = `product ${audit.product.id}: ${sum}`;
  if (found > total) return [`${name}, which is over the total of ${total}`];
  // In a running sale a message can be in a consumer's hands, where it is not counted.
  if (!atRest || found + onTheWay >= total) return [];
  return [`${name}, which is ${total - found - outboxLength} short of the total of ${total}`];
}

/** I8: while buyers are left, every unit is reserved or sold in the end. */
export function checkUndersell(
  { audit }: SaleView,
  { atRest, demandLeft }: { readonly atRest: boolean; readonly demandLeft: boolean | undefined },
): InvariantResult {
  const unsold = audit.products.filter(({ totals }) => totals.reserved + totals.sold < totals.total);
  if (unsold.length === 0) return { status: "ok", checked: "every unit is reserved or sold" };
  if (!atRest) return { status: "not_checked", why: "the sale is running" };
  if (demandLeft !== true) {
    return {
      status: "not_checked",
      why: demandLeft === false ? "no demand was left" : "nobody said whether demand was left",
    };
  }
  const findings = unsold.map(({ product, totals: { total, reserved, sold } }) => {
    return `product ${product.id}: reserved ${reserved} + sold ${sold} of ${total}, though buyers were left`;
  });
  return resultOf(findings, "");
}
