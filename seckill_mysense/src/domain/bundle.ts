import { maxIdentifierLength } from "./identifier.ts";
import type { RejectionReason } from "./order.ts";
import type { HeldParts } from "./reservation.ts";

/** Most products in one bundle. */
export const maxBundleParts = 8;

/** How long a bundle may wait for its last part, in milliseconds, if nobody says otherwise. */
export const defaultCollectWithinMs = 60_000;

/**
 * - `collecting`: some parts are recorded, and hold their units. Nothing is won yet.
 * - `complete`: all parts are recorded, and are one purchase from now on. What became of it is the state of its orders.
 * - `broken`: one part was refused, or did not come in time. The units of the others go back.
 */
export type BundleState = "collecting" | "complete" | "broken";

/**
 * Why a bundle is broken: why one of its parts was rejected, or what the gate answered about one: `sold_out`: too few units
 * are left; `sale_ended`. `bundle_broken`: a part did not come in time.
 */
export type BundleReason = RejectionReason | "sold_out" | "sale_ended";

/** Several products of one sale that one user gets all or none of. */
export interface Bundle {
  readonly bundleId: string;
  readonly saleId: string;
  readonly userId: string;
  /** How many parts it has. */
  readonly parts: number;
}

/** Gate, outbox, queue and ledger know a part by its reservation id, and so need no further field. */
const bundlePrefix = "bundle-";
const bundlePattern = /^bundle-[^.]+$/;
const partPattern = /^(bundle-[^.]+)\.([1-8])\.([2-8])$/;

/** The longest text that makes an id of a bundle: the ids of its parts are four characters longer. */
export const maxBundleUnique = maxIdentifierLength - bundlePrefix.length - ".8.8".length;

/** `unique`: a text that no other bundle has: 1 to 53 characters, without dots. */
export function bundleId(unique: string): string {
  if (unique.length > 0 && unique.length <= maxBundleUnique && !unique.includes(".")) return bundlePrefix + unique;
  throw new RangeError(`a bundle's id is made of ${JSON.stringify(unique)}, not of 1 to 53 characters without dots`);
}

/** Whether it is the id of a whole bundle. */
export function isBundle(id: string): boolean {
  return bundlePattern.test(id);
}

/** Whether only bundles and their parts may have such an id. */
export function isKeptForBundles(id: string): boolean {
  return id.startsWith(bundlePrefix);
}

/** The parts of bundles among what a user holds. Nothing if there is none. */
export function heldParts(held: readonly { readonly reservationId: string }[]): HeldParts {
  const parts = held.map(({ reservationId }) => reservationId).filter(isKeptForBundles);
  return parts.length === 0 ? {} : { parts };
}

/** The reservation as its buyer knows it: of a part, the whole bundle. */
export function wholeOf(reservationId: string): string {
  return partOf(reservationId)?.bundleId ?? reservationId;
}

/** The reservation id of one part. `part`: 1 to `parts`. */
export function partId(bundle: string, part: number, parts: number): string {
  return `${bundle}.${part}.${parts}`;
}

/** The reservation ids of all parts, in their order. */
export function partIds({ bundleId: id, parts }: Pick<Bundle, "bundleId" | "parts">): string[] {
  return Array.from({ length: parts }, (_, index) => partId(id, index + 1, parts));
}

/** The bundle that a reservation is a part of; undefined if it is none. */
export function partOf(
  reservationId: string,
): { readonly bundleId: string; readonly part: number; readonly parts: number } | undefined {
  if (!isKeptForBundles(reservationId)) return undefined;
  const found = partPattern.exec(reservationId);
  const [, id = "", part, parts] = found ?? [];
  return found !== null && Number(part) <= Number(parts)
    ? { bundleId: id, part: Number(part), parts: Number(parts) }
    : undefined;
}
