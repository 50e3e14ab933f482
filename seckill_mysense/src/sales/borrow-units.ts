import type { ProductRecord, SaleRecord } from "../domain/sale.ts";
import { type Gate, sellsIn } from "../gate/gate.ts";
import type { LedgerChanges } from "../ledger/changes.ts";
import { type Amended, amendProduct } from "./amend-product.ts";
import { moveUnits } from "./move-units.ts";

export interface BorrowParts {
  readonly gate: Pick<Gate, "amend" | "status">;
  readonly changes: Pick<LedgerChanges, "settleLowering" | "askForMove" | "buckets">;
}

/**
 * Moves units to a bucket in which somebody waits, from the bucket of the same product that has the most of them and
 * in which nobody waits.
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
  const free = others.map(({ id, epoch }, index) => {
    const status = states[index];
    return { id, units: sellsIn(status, epoch) && !status.waiting ? status.available : 0 };
  });
  const [richest] = free.filter(({ units }) => units > 0).toSorted((a, b) => b.units - a.units);
  if (richest === undefined) return;
  const { changes } = parts;
  const amend = (ofSale: SaleRecord, bucket: ProductRecord): Promise<Amended> => amendProduct(parts, ofSale, bucket);
  await moveUnits({ changes, amend }, product.id, [{ id: richest.id, units: Math.min(wanted, richest.units) }]);
}
