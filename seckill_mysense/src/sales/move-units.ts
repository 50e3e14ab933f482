import type { ProductRecord, SaleRecord } from "../domain/sale.ts";
import type { LedgerChanges } from "../ledger/changes.ts";
import type { Amended } from "./amend-product.ts";

export interface MoveParts {
  readonly changes: Pick<LedgerChanges, "askForMove">;
  /** Brings an armed bucket to the ledger's records. */
  readonly amend: (sale: SaleRecord, product: ProductRecord) => Promise<Amended>;
}

/** A bucket, and how many units it is to give. */
export interface Giver {
  readonly id: string;
  readonly units: number;
}

/** Moves units to a bucket from the first of the others that can give them: one that is in another move cannot. */
export async function moveUnits({ changes, amend }: MoveParts, to: string, givers: readonly Giver[]): Promise<void> {
  for (const { id: from, units } of givers) {
    const asked = await changes.askForMove({ from, to, units });
    if (asked === undefined) continue;
    await amend(asked.sale, asked.product);
    return;
  }
}
