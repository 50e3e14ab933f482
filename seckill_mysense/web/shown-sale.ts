import type { SaleDescription, SaleDetails, SaleLive } from "../src/contract/sales.ts";

/** A sale as the page shows it: its description, and the latest news of what changes while it runs. */
export type ShownSale = SaleDetails;

export interface Described {
  readonly version: string;
  readonly sale: SaleDescription;
}

/** A sale after news of it. */
export function withLive(shown: ShownSale, live: SaleLive): ShownSale {
  const products = shown.products.map((product) => ({
    ...product,
    available: live.available[product.id] ?? null,
    paused: live.pausedProducts?.includes(product.id) ?? false,
    waiting: live.waitingProducts?.includes(product.id) ?? false,
  }));
  return { ...shown, paused: live.paused, products };
}

/** A sale after its description has changed. Nothing is known of what changes until there are news of it, too. */
export function withDescription({ sale, version }: Described): ShownSale {
  const products = sale.products.map((product) => ({ ...product, available: null, paused: false, waiting: false }));
  return { ...sale, version, paused: false, products };
}
