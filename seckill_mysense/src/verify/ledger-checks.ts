import type { Findings } from "../ledger/audit.ts";
import { resultOf, type InvariantResult } from "./verification-report.ts";
import type { SaleView } from "./sale-view.ts";

/** I1: the totals stay within the stock, and equal the counted orders. */
export function checkTotals({ audit }: SaleView): InvariantResult {
  const findings: string[] = [];
  for (const { product, totals, orders } of audit.products) {
    const { total, reserved, sold } = totals;
    const name = `product ${product.id}`;
    if (reserved + sold > total)
      findings.push(`${name}: reserved ${reserved} + sold ${sold} is over the total of ${total}`);
    if (reserved < 0 || sold < 0) findings.push(`${name}: reserved is ${reserved}, sold is ${sold}`);
    if (orders.reserved !== reserved)
      findings.push(`${name}: reserved is ${reserved}, but ${orders.reserved} orders are`);
    if (orders.paid !== sold) findings.push(`${name}: sold is ${sold}, but ${orders.paid} orders are paid`);
    if (orders.reserved + orders.paid > total) {
      findings.push(`${name}: ${orders.reserved + orders.paid} active orders are over the total of ${total}`);
    }
  }
  return resultOf(findings, `${audit.products.length} products in the ledger, totals and counted orders`);
}

/** I2: no user has more active orders of a product than its limit. */
export function checkLimits({ audit }: SaleView): InvariantResult {
  return resultOfFindings(audit.overLimit, "active orders by product and user");
}

/** I7: every released unit has one return, and every return a released unit. */
export function checkReturns({ audit }: SaleView): InvariantResult {
  return resultOfFindings(audit.wrongReturns, "returns against released orders and rejections");
}

/** I9: no money without a unit, no paid unit without money, and what cannot be honoured is refunded. */
export function checkMoney({ audit }: SaleView): InvariantResult {
  return resultOfFindings(audit.wrongMoney, "payments and refunds against orders");
}

/** I10: a user has all parts of a bundle or none, and pays for all of them at once. */
export function checkBundles({ audit: { wrongBundles, openBundles } }: SaleView, atRest: boolean): InvariantResult {
  const open = atRest ? openBundles : { count: 0, examples: [] };
  const both = { count: wrongBundles.count + open.count, examples: [...wrongBundles.examples, ...open.examples] };
  return resultOfFindings(both, "bundles against their orders and payments");
}

function resultOfFindings({ count, examples }: Findings, checked: string): InvariantResult {
  return count === 0 ? { status: "ok", checked } : { status: "violated", count, examples };
}
