import { isBundle, partIds, partOf } from "../../domain/bundle.ts";
import type { KnownBundle } from "../../domain/bundle-plan.ts";
import type { LedgerReader } from "../database/ledger-database.ts";
import { toBundle } from "./bundle-rows.ts";

/**
 * What is paid, cancelled and refunded at once: an order, or all orders of a bundle. The payment of a bundle belongs to
 * its first order.
 */
export class Purchases {
  readonly #bundles: ReadonlyMap<string, KnownBundle>;

  constructor(bundles: ReadonlyMap<string, KnownBundle>) {
    this.#bundles = bundles;
  }

  /** The complete bundles among the purchases. */
  get bundles(): readonly KnownBundle[] {
    return [...this.#bundles.values()];
  }

  /** The complete bundle that has this id, or a part with it. */
  bundleOf(id: string): KnownBundle | undefined {
    return this.#bundles.get(bundleIdOf(id) ?? "");
  }

  /** The orders of a purchase; none for a bundle that is not complete: nobody has won it yet. */
  ordersOf(id: string): readonly string[] {
    const bundleId = bundleIdOf(id);
    if (bundleId === undefined) return [id];
    const bundle = this.#bundles.get(bundleId);
    return bundle === undefined ? [] : partIds(bundle);
  }
}

/** Each id is that of an order, of a bundle, or of one of its parts. A bundle that is complete stays so: no lock is needed. */
export async function readPurchases(reader: LedgerReader, ids: readonly string[]): Promise<Purchases> {
  const bundleIds = [...new Set(ids.map(bundleIdOf))].filter((id) => id !== undefined);
  if (bundleIds.length === 0) return new Purchases(new Map());
  const rows = await reader
    .selectFrom("bundles")
    .selectAll()
    .where("id", "in", bundleIds)
    .where("state", "=", "complete")
    .execute();
  return new Purchases(new Map(rows.map((row) => [row.id, toBundle(row)])));
}

/** All orders that are paid together with an order that has a payment: so its bundle is complete. */
export function paidTogether(reservationId: string): readonly string[] {
  const part = partOf(reservationId);
  return part === undefined ? [reservationId] : partIds(part);
}

function bundleIdOf(id: string): string | undefined {
  return isBundle(id) ? id : partOf(id)?.bundleId;
}
