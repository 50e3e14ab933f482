import type { ProductRecord, SaleRecord } from "../domain/sale.ts";
import type { SoldOutHint } from "./sold-out-hint.ts";

/** One product, or one of its buckets, as this gateway knows it. */
export interface CatalogueProduct {
  sale: SaleRecord;
  product: ProductRecord;
  /** Units left at the last answer of the gate; null if the gate did not answer. */
  available: number | null;
  /** How many units had been given back to the gate at its last answer. */
  returns: number;
  /** New or changed, so that its gate is to be looked at soon. */
  isDue: boolean;
  /** Whether its gate did not sell it when it was last looked at. */
  isClosed: boolean;
  /** Whether buyers have asked for it since its gate was last looked at. */
  isAsked: boolean;
  /** The highest sequence of the gate that this gateway has seen in the product's epoch. */
  sequence: number;
  /** All buckets of the product, this one among them, in their order. */
  buckets: readonly CatalogueProduct[];
  readonly soldOut: SoldOutHint;
}

/** From now on the gate is asked again. Buyers of one bucket can have the units of all. */
export function endHints({ soldOut, buckets }: CatalogueProduct): void {
  soldOut.clear();
  for (const bucket of buckets) bucket.soldOut.clear();
}
