import type { StockReturn } from "../domain/order.ts";
import type { ReservationRequest } from "../domain/reservation.ts";
import type { ProductRecord, Sale, SaleProduct, SaleRecord } from "../domain/sale.ts";
import { GateRequestInvalid } from "./gate-errors.ts";
import { checkIdentifier } from "./product-keys.ts";

/** The stock that `arm` puts in place. */
export interface Stock {
  readonly sale: Sale | SaleRecord;
  readonly product: SaleProduct | ProductRecord;
  readonly available: number;
}

/** What a record of the ledger says besides the stock. Without one the product has neither pause, nor version, nor list. */
export function termsOf(
  sale: Sale | SaleRecord,
  product: SaleProduct | ProductRecord,
): { readonly paused: boolean; readonly version: number; readonly waiting: boolean } {
  const isCancelled = "state" in sale && sale.state === "cancelled";
  const paused = isCancelled || ("paused" in sale && sale.paused) || ("paused" in product && product.paused);
  const waiting = "waitingSince" in product && product.waitingSince !== undefined;
  return { paused, version: "revision" in product ? product.revision : 0, waiting };
}

/**
 * The version with which a product is armed. Arming puts the ledger's present total in place, so a lower total that is
 * asked for is still to take effect.
 */
export function armedVersion(product: SaleProduct | ProductRecord): number {
  if (!("revision" in product)) return 0;
  return product.lowering === undefined ? product.revision : product.lowering.since - 1;
}

/** Most outbox entries in one call: as many as a script can take as arguments, with room to spare. */
export const maxOutboxBatch = 1_000;

/** Throws `GateRequestInvalid` for an invalid stock. */
export function checkStock({ sale, product, available }: Stock): void {
  if (product.saleId !== sale.id) {
    throw new GateRequestInvalid(`product ${product.id} belongs to sale ${product.saleId}, not to ${sale.id}`);
  }
  checkCount("total", product.total, 0, Number.MAX_SAFE_INTEGER);
  checkCount("available", available, 0, product.total);
  checkCount("limitPerUser", product.limitPerUser, 1, maxLimitPerUser);
  checkCount("epoch", product.epoch, 1, Number.MAX_SAFE_INTEGER);
  checkCount("startsAtMs", sale.startsAtMs, 0, Number.MAX_SAFE_INTEGER);
  checkCount("endsAtMs", sale.endsAtMs, sale.startsAtMs, Number.MAX_SAFE_INTEGER);
}

/** Most units of one product that one user may hold. */
export const maxLimitPerUser = 1_000;

/** Throws `GateRequestInvalid` for an invalid id or number of units in a reservation or in its return. */
export function checkReservation({ reservationId, userId, quantity }: ReservationRequest | StockReturn): void {
  if (quantity !== undefined) checkCount("quantity", quantity, 1, maxLimitPerUser);
  checkIdentifier("reservation id", reservationId);
  checkIdentifier("user id", userId);
}

/** Throws `GateRequestInvalid` naming the figure, its value and its limits. */
export function checkCount(name: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new GateRequestInvalid(`${name} must be an integer from ${least} to ${most}, but is ${value}`);
}

/** Throws a `RangeError` for a number of outbox entries outside the limits of one call. */
export function checkOutboxLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxOutboxBatch) return limit;
  throw new RangeError(`limit must be an integer from 1 to ${maxOutboxBatch}, but is ${limit}`);
}
