import type { OrderState, ProductTotals, RejectionReason } from "../domain/order.ts";
import type { Sale, SaleProduct } from "../domain/sale.ts";

/** Findings of one kind: their number, and the first few of them in words. */
export interface Findings {
  readonly count: number;
  readonly examples: readonly string[];
}

/** One product with its stored totals, and the counts of its rows to compare them with. */
export interface ProductAudit {
  readonly product: SaleProduct;
  readonly totals: ProductTotals;
  /** Units of orders, by the state of the order. */
  readonly orders: Readonly<Record<OrderState, number>>;
  readonly rejections: Readonly<Record<RejectionReason, number>>;
  /** As in gates.ts. */
  readonly armedEpoch: number;
  readonly gateSequence: number;
  /** Units of the product's current epoch that wait for the sweeper to bring them to the gate. */
  readonly pendingReturns: number;
  /** How many wait for a unit that comes back. */
  readonly waiting: number;
  /** Whether nothing of the product is sold now: it, or its sale, is paused or cancelled. */
  readonly isPaused: boolean;
}

export interface SaleAudit {
  readonly sale: Sale;
  readonly products: readonly ProductAudit[];
  /** Buyers with more active orders of a product than its limit. */
  readonly overLimit: Findings;
  /** Reservations that have an order and a rejection. */
  readonly contradictions: Findings;
  /** Units released without a return, and returns without a released unit. */
  readonly wrongReturns: Findings;
  /** Money without a unit, units without money or a reason, and refunds that do not fit their payments. */
  readonly wrongMoney: Findings;
  /** Bundles of which a user got a part and not the whole, and those whose payment is not their sum. */
  readonly wrongBundles: Findings;
  /** Bundles that wait for a part, and broken ones that still hold units: only a running sale may have some. */
  readonly openBundles: Findings;
}

/** The figures that the verifier checks. */
export interface LedgerAudit {
  /** How many orders and rejections a product has, in any state: for each of them the gate once gave away a unit. */
  countRecorded(productId: string): Promise<number>;
  /** All figures come from one snapshot of the database, so they agree with each other even on a running system. */
  auditSale(saleId: string): Promise<SaleAudit | undefined>;
}
