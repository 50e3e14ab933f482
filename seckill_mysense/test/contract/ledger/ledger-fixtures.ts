import type { AcceptedReservation } from "../../../src/domain/reservation.ts";
import type { Sale, SaleProduct } from "../../../src/domain/sale.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";

let counter = 0;

/** A text that is unique in this process. */
export function unique(prefix: string): string {
  return `${prefix}-${++counter}`;
}

export function makeSale(changes: Partial<Sale> = {}): Sale {
  return { id: unique("sale"), title: "Phones", startsAtMs: 1_000, endsAtMs: 2_000_000_000_000, ...changes };
}

export function makeProduct(sale: Sale, changes: Partial<SaleProduct> = {}): SaleProduct {
  const defaults = { name: "Phone", priceMinor: 9_900, currency: "EUR", total: 10, limitPerUser: 1, epoch: 1 };
  return { id: unique("product"), saleId: sale.id, ...defaults, ...changes };
}

/** A sale of one product in the ledger. */
export async function createSale(
  ledger: Ledger,
  changes: Partial<SaleProduct> = {},
): Promise<{ sale: Sale; product: SaleProduct }> {
  const sale = makeSale();
  const product = makeProduct(sale, changes);
  await ledger.sales.create(sale, [product]);
  return { sale, product };
}

export function accept(product: SaleProduct, changes: Partial<AcceptedReservation> = {}): AcceptedReservation {
  return {
    reservationId: unique("reservation"),
    saleId: product.saleId,
    productId: product.id,
    userId: unique("user"),
    epoch: product.epoch,
    acceptedAtMs: 1_500,
    ...changes,
  };
}

export function acceptMany(product: SaleProduct, count: number): AcceptedReservation[] {
  return Array.from({ length: count }, () => accept(product));
}

export const payWithinMs = 60_000;

/** Orders of a new product in the ledger, all of them reserved and unpaid. */
export async function recordOrders(
  ledger: Ledger,
  count: number,
): Promise<{ product: SaleProduct; orders: AcceptedReservation[] }> {
  const { product } = await createSale(ledger);
  const orders = acceptMany(product, count);
  await ledger.orders.record(orders, { payWithinMs });
  return { product, orders };
}

/** The reservations of a product whose units are still to go back to the gate, in the order in which they go. */
export async function pendingReturns(ledger: Ledger, product: SaleProduct): Promise<string[]> {
  const returns = await ledger.returns.pending(10_000);
  return returns.filter(({ productId }) => productId === product.id).map(({ reservationId }) => reservationId);
}
