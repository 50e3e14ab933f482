import type { TokenPart } from "../authorization/sale-token.ts";
import type { BundlePart } from "../contract/bundles.ts";
import type { Reservation } from "../contract/reservations.ts";
import { productOf } from "../domain/buckets.ts";
import { partId, wholeOf } from "../domain/bundle.ts";
import { totalOf } from "../domain/price.ts";
import type { Order } from "../domain/order.ts";
import type { ReserveOutcome } from "../domain/reservation.ts";
import type { BundleRecord } from "../ledger/bundles.ts";
import { describeState } from "./describe-order.ts";
import type { RefusalDetails } from "./refusal.ts";

/** The parts that a token grants. */
export function describeParts(bundleId: string, parts: readonly TokenPart[]): BundlePart[] {
  return parts.map(({ productId, quantity }, index) => ({
    productID: productOf(productId),
    quantity,
    reservation: partId(bundleId, index + 1, parts.length),
  }));
}

/** The limit per user stands in the way: what the user holds, where the gate says it, and how many more units are left. */
export function describeLimit(outcome: ReserveOutcome & { readonly kind: "replay" | "over_limit" }): RefusalDetails {
  const [left, held] = outcome.kind === "replay" ? [0, outcome.reservationId] : [outcome.left, outcome.parts?.at(-1)];
  return { left, ...(held !== undefined && { reservation: wholeOf(held) }) };
}

/** A bundle of which the ledger knows. `granted`: what its token grants, if the buyer has sent it. */
export function describeBundle(record: BundleRecord, granted?: readonly TokenPart[]): Reservation {
  const { bundleId, state, orders, reason } = record;
  const [first] = orders;
  // Orders of a bundle that is not complete yet hold their units, but are not won.
  if (state === "complete" && first !== undefined) {
    const common = describeState(first);
    const { status } = common;
    return {
      reservation: bundleId,
      ...common,
      totalMinor: totalOf(orders),
      parts: orders.map((order) => ({ ...describePart(order), status })),
    };
  }
  const parts = granted === undefined ? orders.map(recordedPart) : describeParts(bundleId, granted);
  if (state === "broken") return describeUndecided(bundleId, { status: "rejected", parts, reason });
  return describeUndecided(bundleId, { status: "pending", parts });
}

/** A bundle that has no orders which its buyer may know of. */
export function describeUndecided(
  bundleId: string,
  {
    status,
    parts,
    reason,
  }: { status: "pending" | "rejected" | "lost"; parts: readonly BundlePart[]; reason?: string | undefined },
): Reservation {
  return {
    reservation: bundleId,
    status,
    parts: parts.map((part) => ({ ...part, status })),
    ...(reason !== undefined && { reason }),
  };
}

function recordedPart({ productId, quantity, reservationId }: Order): BundlePart {
  return { productID: productOf(productId), quantity, reservation: reservationId };
}

function describePart(order: Order): BundlePart & { readonly productName: string; readonly priceMinor: number } {
  return { ...recordedPart(order), productName: order.productName, priceMinor: order.priceMinor };
}
