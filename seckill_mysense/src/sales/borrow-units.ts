import type { ProductRecord, SaleRecord } from "../domain/sale.ts";
import type { Gate } from "../gate/gate.ts";
import type { LedgerChanges } from "../ledger/changes.ts";
import { amendProduct } from "./amend-product.ts";

export interface BorrowParts {
  readonly gate: Pick<Gate, "amend" | "status">;
  readonly changes: Pick<LedgerChanges, "settleLowering" | "askForMove" | "buckets">;
}

/**
 * Moves units to a bucket in which somebody waits, from the bucket of the same product that has the most of them and
 * in which nobody waits. Does nothing for a product without buckets.
 */
export async function borrowUnits(
  parts: BorrowParts,
  { sale, product }: { readonly sale: SaleRecord; readonly product: ProductRecord },
  wanted: number,
): Promise<void> {
  const buckets = await parts.changes.buckets(product.id);
  // A bucket that is in a move cannot give. If a node is away, that may last.
  const receivers = new Set(buckets.map(({ lowering }) => lowering?.to));
  const others = buckets.filter(
    ({ id, lowering }) => id !== product.id && lowering === undefined && !receivers.has(id),
  );
  const states = await Promise.all(others.map(({ id }) => parts.gate.status(sale.id, id).catch(() => undefined)));
  const [richest] = others
    .map(({ id, epoch }, index) => ({ id, epoch, status: states[index] }))
    .filter(({ epoch, status }) => status?.open === true && status.verified && status.epoch === epoch)
    .filter(({ status }) => !status!.waiting && status!.available > 0)
    .toSorted((a, b) => b.status!.available - a.status!.available);
  if (richest === undefined) return;
  const units = Math.min(wanted, richest.status!.available);
  const asked = await parts.changes.askForMove({ from: richest.id, to: product.id, units });
  if (asked !== undefined) await amendProduct(parts, asked.sale, asked.product);
}
