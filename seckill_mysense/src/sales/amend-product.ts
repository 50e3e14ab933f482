import type { Lowering, ProductRecord, SaleRecord } from "../domain/sale.ts";
import type { Gate } from "../gate/gate.ts";
import type { LedgerChanges } from "../ledger/changes.ts";

export interface AmendParts {
  readonly gate: Pick<Gate, "amend">;
  readonly changes: Pick<LedgerChanges, "settleLowering">;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export type Amended =
  /** The gate sells by the ledger's records. */
  | { readonly kind: "current" }
  /** The gate had given away too many units, so that the total stays as it was. */
  | { readonly kind: "lowering_refused"; readonly available: number }
  /** The gate does not have the product, or has another epoch of it: to be armed or rebuilt first. */
  | { readonly kind: "not_armed" }
  | { readonly kind: "problem"; readonly problem: string };

/** Before the start nothing is sold, even if clocks differ by this much. */
const clockDifferenceMs = 10_000;

/**
 * Brings the gate to the ledger's records of one product. Every process may do this at any time, also several at once:
 * the gate takes each revision once, and the ledger settles each lowering once.
 *
 * More units: the ledger has them first, then the gate. Fewer units: the ledger asks for them, the gate takes them out,
 * and only then the ledger's total falls. So the gate never has more units than the ledger, and a process that dies in
 * between leaves a request that the next one carries out.
 */
export async function amendProduct(parts: AmendParts, sale: SaleRecord, product: ProductRecord): Promise<Amended> {
  const outcome = await parts.gate.amend(sale, product);
  const { lowering } = product;
  switch (outcome.kind) {
    case "amended":
    case "already":
      return lowering === undefined ? { kind: "current" } : settle(parts, product, lowering, "applied");
    case "not_available": {
      const { available } = outcome;
      if (lowering === undefined) {
        const problem = `the ledger has ${product.total} units in all, and the gate has only ${available} left to take out`;
        return { kind: "problem", problem };
      }
      await settle(parts, product, lowering, "refused");
      return { kind: "lowering_refused", available };
    }
    case "unknown":
      if (lowering === undefined || parts.now() > sale.startsAtMs - clockDifferenceMs) return { kind: "not_armed" };
      return settle(parts, product, lowering, "applied");
    case "closed":
    case "other_epoch":
      return { kind: "not_armed" };
  }
}

async function settle(
  parts: AmendParts,
  { id: productId, epoch }: ProductRecord,
  { since }: Lowering,
  outcome: "applied" | "refused",
): Promise<Amended> {
  const settled = await parts.changes.settleLowering({ productId, epoch, since }, outcome);
  if (settled === undefined) return { kind: "not_armed" };
  const { sale, product, receiver } = settled;
  // If this fails, the next look at the bucket's gate brings the units there.
  if (receiver !== undefined) await parts.gate.amend(sale, receiver);
  // Another process may have asked for the next lowering by now, which is then its own to settle.
  const again = await parts.gate.amend(sale, product);
  return again.kind === "amended" || again.kind === "already" ? { kind: "current" } : { kind: "not_armed" };
}
