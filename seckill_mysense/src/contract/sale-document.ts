import { z } from "zod";
import { groupBuckets, maxBuckets, splitIntoBuckets } from "../domain/buckets.ts";
import type { ProductUpdate, SaleChange } from "../domain/sale-change.ts";
import { isLeaving, maxPriceMinor, maxUnits, type Sale, type SaleContent, type SaleProduct } from "../domain/sale.ts";
import { productId, saleId } from "./identifiers.ts";

/** A moment as RFC 3339 says it, with the offset from UTC: 2027-03-01T10:00:00Z, or +01:00 in place of Z. */
export const moment = z.iso.datetime({
  offset: true,
  error: "must be a time with its offset, such as 2027-03-01T10:00:00Z or 2027-03-01T11:00:00+01:00",
});
const text = z.string().min(1).max(200);

const product = z.strictObject({
  id: productId,
  name: text,
  price_minor: z.int().min(0).max(maxPriceMinor).describe("In the currency's smallest unit."),
  currency: z.string().regex(/^[A-Z]{3}$/, "must be three capital letters, such as EUR"),
  units: z.int().min(0).max(maxUnits),
  limit_per_user: z.int().min(1).max(1_000),
  buckets: z
    .int()
    .min(1)
    .max(maxBuckets)
    .optional()
    .describe("Spreads the units over so many hash slots of the gate; 1 without it. It cannot change later."),
});

/** A sale as its merchant writes it. */
export const saleDocument = z.strictObject({
  id: saleId,
  title: text,
  starts_at: moment,
  ends_at: moment,
  products: z.array(product).min(1).max(10_000),
});
export type SaleDocument = z.infer<typeof saleDocument>;

/** What is to be different. Products that the sale does not have are added, and then need every field. */
export const saleUpdate = z.strictObject({
  id: saleId.optional(),
  title: text.optional(),
  starts_at: moment.optional(),
  ends_at: moment.optional(),
  products: z
    .array(product.partial().required({ id: true }))
    .max(10_000)
    .optional(),
});

export function saleOf({ id, title, starts_at, ends_at, products }: SaleDocument): {
  readonly sale: Sale;
  readonly products: readonly SaleProduct[];
} {
  const sale = { id, title, startsAtMs: Date.parse(starts_at), endsAtMs: Date.parse(ends_at) };
  return {
    sale,
    products: products.flatMap(({ id: productId, name, price_minor, currency, units, limit_per_user, buckets = 1 }) => {
      const product = { id: productId, saleId: id, name, priceMinor: price_minor, currency, total: units };
      return splitIntoBuckets({ ...product, limitPerUser: limit_per_user, epoch: 1 }, buckets);
    }),
  };
}

/** Says why this update is not one of the sale that was named; undefined if it is. */
export function describeStrayUpdate(named: string, { id }: z.infer<typeof saleUpdate>): string | undefined {
  if (id === undefined || id === named) return undefined;
  return `id is ${JSON.stringify(id)}, but the sale ${named} was named`;
}

export function updateOf({ title, starts_at, ends_at, products = [] }: z.infer<typeof saleUpdate>): SaleChange {
  const ms = (time: string | undefined): number | undefined => (time === undefined ? undefined : Date.parse(time));
  const updates = products.map(
    ({ id, name, price_minor, currency, units, limit_per_user, buckets }): ProductUpdate => ({
      ...{ id, name, priceMinor: price_minor, currency, total: units, limitPerUser: limit_per_user, buckets },
    }),
  );
  return { kind: "update", title, startsAtMs: ms(starts_at), endsAtMs: ms(ends_at), products: updates };
}

/** A sale as commands and the interface for merchants show it. */
export const shownSale = z.object({
  id: saleId,
  title: z.string(),
  starts_at: z.string(),
  ends_at: z.string(),
  state: z.enum(["draft", "published", "cancelled"]),
  paused: z.boolean(),
  version: z.number().int(),
});

export const shownContent = shownSale.extend({
  products: z.array(
    z.object({
      id: productId,
      name: z.string(),
      price_minor: z.number().int(),
      currency: z.string(),
      units: z.number().int(),
      limit_per_user: z.number().int(),
      buckets: z.number().int().optional().describe("How many hash slots the units are spread over, if more than one."),
      paused: z.boolean(),
      lowering_to: z.number().int().optional().describe("The units that the product gets once the gate has agreed."),
    }),
  ),
});
export type ShownContent = z.infer<typeof shownContent>;

export function showSale(sale: SaleContent["sale"]): z.infer<typeof shownSale> {
  const { id, title, state, paused, version } = sale;
  const [starts_at, ends_at] = [sale.startsAtMs, sale.endsAtMs].map((ms) => new Date(ms).toISOString()) as [
    string,
    string,
  ];
  return { id, title, starts_at, ends_at, state, paused, version };
}

export function showContent({ sale, products }: SaleContent): ShownContent {
  return {
    ...showSale(sale),
    products: groupBuckets(products, ({ id }) => id).map((buckets) => {
      const { id, name, priceMinor, currency, limitPerUser, paused } = buckets[0]!;
      const units = buckets.reduce((sum, { total }) => sum + total, 0);
      const leaving = buckets.filter(({ lowering }) => isLeaving(lowering));
      const fewer = leaving.reduce((sum, { total, lowering }) => sum + total - lowering!.total, 0);
      return {
        ...{ id, name, price_minor: priceMinor, currency, units, limit_per_user: limitPerUser, paused },
        ...(buckets.length > 1 && { buckets: buckets.length }),
        ...(leaving.length > 0 && { lowering_to: units - fewer }),
      };
    }),
  };
}
