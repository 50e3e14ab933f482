import type { Lowering, ProductRecord, SaleRecord } from "../domain/sale.ts";
import type { Gate } from "../gate/gate.ts";
import type { LedgerChanges } from "../ledger/changes.ts";

export interface AmendParts {
  readonly gate: Pick<Gate, "amend">;
  readonly changes: Pick<LedgerChanges, "settleLowering">;
}

export type Amended =
  /** The gate sells by the ledger's records. */
  | { readonly kind: "current" }
  /** The gate had given away too many units, so that the total stays as it was. */
  | { readonly kind: "lowering_refused"; readonly available: number }
  /** The gate knows nothing of the product. It is armed, or rebuilt, with the ledger's records. */
  | { readonly kind: "unarmed" }
  /** The product is closed at the gate, to be compared or rebuilt. It is opened with the ledger's records. */
  | { readonly kind: "closed" }
  | { readonly kind: "problem"; readonly problem: string };

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
      const settled = await settle(parts, product, lowering, "refused");
      // Units that were to go to another bucket are nothing that a merchant has asked for.
      return lowering.to === undefined ? { kind: "lowering_refused", available } : settled;
    }
    case "unknown":
      return lowering === undefined ? { kind: "unarmed" } : settle(parts, product, lowering, "unknown");
    case "closed":
    case "other_epoch":
      return { kind: "closed" };
  }
}

async function settle(
  parts: AmendParts,
  { id: productId, epoch }: ProductRecord,
  { since }: Lowering,
  outcome: "applied" | "refused" | "unknown",
): Promise<Amended> {
  const settled = await parts.changes.settleLowering({ productId, epoch, since }, outcome);
  if (settled === undefined) return { kind: "unarmed" };
  const { sale, product, receiver } = settled;
  // If this fails, the next look at the bucket's gate brings the units there.
  if (receiver !== undefined) await parts.gate.amend(sale, receiver);
  // Another process may have asked for the next lowering by now, which is then its own to settle.
  const again = await parts.gate.amend(sale, product);
  if (again.kind === "amended" || again.kind === "already") return { kind: "current" };
  return { kind: again.kind === "unknown" ? "unarmed" : "closed" };
}
