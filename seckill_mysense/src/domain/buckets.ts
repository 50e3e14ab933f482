import type { SaleProduct } from "./sale.ts";

/**
 * A product that very many buyers want at once can be sold from several buckets. To the ledger and the gate each bucket
 * is a product with units of its own, so buckets lie on different nodes of the gate's ring. To buyers and merchants they
 * are one product. The first bucket has the product's own id, the others an id that no merchant can choose.
 */
export const maxBuckets = 64;

const suffix = /#[1-9]\d?$/;

/** The product that a bucket belongs to. A product without buckets is its own. */
export function productOf(bucketId: string): string {
  return bucketId.replace(suffix, "");
}

/** 0 for the first bucket. */
export function bucketIndex(bucketId: string): number {
  const found = suffix.exec(bucketId);
  return found === null ? 0 : Number(found[0].slice(1));
}

/** The id of a bucket; 0 is the first one. */
export function bucketId(productId: string, index: number): string {
  return index === 0 ? productId : `${productId}#${index}`;
}

/** The buckets of a product that has not sold anything yet, with its units spread evenly. */
export function splitIntoBuckets<Product extends SaleProduct>(product: Product, count: number): Product[] {
  return shareOut(product.total, count).map((total, index) => ({
    ...product,
    id: bucketId(product.id, index),
    total,
  }));
}

/** Whole numbers that differ by at most one, and add up to `units`. */
export function shareOut(units: number, count: number): number[] {
  const least = Math.floor(units / count);
  return Array.from({ length: count }, (_, index) => least + (index < units - least * count ? 1 : 0));
}

/** Puts the buckets of each product together, each product in the order of its first bucket. */
export function groupBuckets<Bucket>(buckets: Iterable<Bucket>, idOf: (bucket: Bucket) => string): Bucket[][] {
  const groups = [...Map.groupBy(buckets, (bucket) => productOf(idOf(bucket))).values()];
  for (const group of groups) if (group.length > 1) group.sort((a, b) => bucketIndex(idOf(a)) - bucketIndex(idOf(b)));
  return groups;
}

/** How many buyers can surely have all that they may buy: of each product as many units as its limit allows. */
export function buyersServed(products: readonly SaleProduct[]): number {
  const served = groupBuckets(products, ({ id }) => id).map((buckets) => {
    const units = buckets.reduce((sum, { total }) => sum + total, 0);
    return Math.floor(units / buckets[0]!.limitPerUser);
  });
  return served.length === 0 ? 0 : Math.min(...served);
}
