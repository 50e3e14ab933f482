import type { ProductRecord, SaleRecord } from "./sale.ts";

/** What is different about a product, or all of a new one. `total` counts all units of the product. */
export interface ProductUpdate {
  readonly id: string;
  readonly name?: string | undefined;
  readonly priceMinor?: number | undefined;
  readonly currency?: string | undefined;
  readonly total?: number | undefined;
  readonly limitPerUser?: number | undefined;
}

export type SaleChange =
  | { readonly kind: "publish" }
  | {
      readonly kind: "update";
      readonly title?: string | undefined;
      readonly startsAtMs?: number | undefined;
      readonly endsAtMs?: number | undefined;
      readonly products?: readonly ProductUpdate[] | undefined;
    }
  | { readonly kind: "extend"; readonly endsAtMs: number }
  /** Without a product, the whole sale. */
  | { readonly kind: "pause"; readonly productId: string | undefined }
  | { readonly kind: "resume"; readonly productId: string | undefined }
  /** Units to add, or to take out when negative. */
  | { readonly kind: "restock"; readonly productId: string; readonly units: number }
  | { readonly kind: "end" }
  | { readonly kind: "cancel" };

/** A product with the figure that a change must respect. */
export interface ChangeableProduct extends ProductRecord {
  /** Units of active orders, paid or not. */
  readonly taken: number;
}

export interface ChangeableSale {
  readonly sale: SaleRecord;
  readonly products: readonly ChangeableProduct[];
}

/** The rows that the change gives new values, which may be none. */
export interface PlannedChange {
  readonly sale: SaleRecord;
  readonly changed: readonly ProductRecord[];
  readonly added: readonly ProductRecord[];
}

export interface ChangeContext {
  readonly nowMs: number;
  /** The ledger's revision at which the change is made. */
  readonly revision: number;
}

/** After this time the gate may have forgotten the products, so that a longer sale could not go on with its figures. */
const changeableAfterEndMs = 24 * 60 * 60 * 1_000;

/** Decides what a change does, or says why it may not be. A pure function, without database and clock. */
export function planChange(
  before: ChangeableSale,
  change: SaleChange,
  context: ChangeContext,
): PlannedChange | { readonly refused: string } {
  const { sale } = before;
  if (sale.state === "cancelled") {
    return change.kind === "cancel" ? unchanged(sale) : { refused: "it is cancelled, and cannot change any more" };
  }
  if (change.kind !== "cancel" && sale.endsAtMs + changeableAfterEndMs < context.nowMs) {
    return { refused: `it ended at ${iso(sale.endsAtMs)}, more than a day ago, and can only be cancelled` };
  }
  switch (change.kind) {
    case "publish":
      return { ...unchanged(sale), sale: { ...sale, state: "published" } };
    case "update":
      return planUpdate(before, change, context);
    case "extend":
      if (change.endsAtMs >= sale.endsAtMs) return moveTimes(before, { endsAtMs: change.endsAtMs }, context);
      return { refused: `ends_at is ${iso(change.endsAtMs)}, which is before its present end, ${iso(sale.endsAtMs)}` };
    case "pause":
    case "resume":
      return planPause(before, change.kind === "pause", change.productId);
    case "restock":
      return planRestock(before, change, context);
    case "end":
      if (sale.endsAtMs <= context.nowMs) return unchanged(sale);
      if (sale.startsAtMs < context.nowMs) return { ...unchanged(sale), sale: { ...sale, endsAtMs: context.nowMs } };
      return { refused: `it starts at ${iso(sale.startsAtMs)}, which is still to come: cancel it instead` };
    case "cancel":
      return { ...unchanged(sale), sale: { ...sale, state: "cancelled" } };
  }
}

function unchanged(sale: SaleRecord): PlannedChange {
  return { sale, changed: [], added: [] };
}

function planPause(
  { sale, products }: ChangeableSale,
  paused: boolean,
  productId: string | undefined,
): PlannedChange | { readonly refused: string } {
  if (productId === undefined) return { ...unchanged(sale), sale: { ...sale, paused } };
  const product = products.find(({ id }) => id === productId);
  if (product === undefined) return { refused: `it has no product ${JSON.stringify(productId)}` };
  return { ...unchanged(sale), changed: [{ ...product, paused }] };
}

function planRestock(
  { sale, products }: ChangeableSale,
  { productId, units }: SaleChange & { kind: "restock" },
  context: ChangeContext,
): PlannedChange | { readonly refused: string } {
  const product = products.find(({ id }) => id === productId);
  if (product === undefined) return { refused: `it has no product ${JSON.stringify(productId)}` };
  const changed = withTotal(sale, product, product.total + units, context);
  return "refused" in changed ? changed : { ...unchanged(sale), changed: [changed] };
}

function planUpdate(
  before: ChangeableSale,
  { title, startsAtMs, endsAtMs, products = [] }: SaleChange & { kind: "update" },
  context: ChangeContext,
): PlannedChange | { readonly refused: string } {
  const moved = moveTimes(before, { startsAtMs, endsAtMs }, context);
  if ("refused" in moved) return moved;
  const sale = { ...moved.sale, title: title ?? moved.sale.title };
  const changed: ProductRecord[] = [];
  const added: ProductRecord[] = [];
  for (const update of products) {
    const known = before.products.find(({ id }) => id === update.id);
    const planned =
      known === undefined ? newProduct(sale, update, context) : changeProduct(sale, known, update, context);
    if ("refused" in planned) return planned;
    (known === undefined ? added : changed).push(planned);
  }
  return { sale, changed, added };
}

function moveTimes(
  { sale }: ChangeableSale,
  times: { readonly startsAtMs?: number | undefined; readonly endsAtMs?: number | undefined },
  { nowMs }: ChangeContext,
): PlannedChange | { readonly refused: string } {
  const { startsAtMs = sale.startsAtMs, endsAtMs = sale.endsAtMs } = times;
  if (startsAtMs !== sale.startsAtMs && sale.state === "published" && sale.startsAtMs <= nowMs) {
    return { refused: `starts_at cannot change any more: it started at ${iso(sale.startsAtMs)}` };
  }
  if (endsAtMs !== sale.endsAtMs && endsAtMs <= nowMs) {
    return { refused: `ends_at is ${iso(endsAtMs)}, which is over; to end the sale now, use "end"` };
  }
  return { ...unchanged(sale), sale: { ...sale, startsAtMs, endsAtMs } };
}

function newProduct(
  sale: SaleRecord,
  update: ProductUpdate,
  { revision }: ChangeContext,
): ProductRecord | { readonly refused: string } {
  const { id, name, priceMinor, currency, total, limitPerUser } = update;
  const given = { name, price_minor: priceMinor, currency, units: total, limit_per_user: limitPerUser };
  const missing = Object.entries(given).find(([, value]) => value === undefined);
  if (missing !== undefined) return { refused: `product ${id} is new, and ${missing[0]} is missing` };
  return {
    ...{ id, saleId: sale.id, name: name!, priceMinor: priceMinor!, currency: currency!, total: total! },
    ...{ limitPerUser: limitPerUser!, epoch: 1, paused: false, revision, lowering: undefined },
  };
}

function changeProduct(
  sale: SaleRecord,
  product: ChangeableProduct,
  update: ProductUpdate,
  context: ChangeContext,
): ProductRecord | { readonly refused: string } {
  const { name, priceMinor, currency, total, limitPerUser } = update;
  // Reservations that the gate accepted under the higher limit may still be on their way to the ledger.
  if (sale.state !== "draft" && limitPerUser !== undefined && limitPerUser < product.limitPerUser) {
    const limits = `limit_per_user is ${limitPerUser}, but buyers were promised ${product.limitPerUser}`;
    return { refused: `product ${product.id}: ${limits}: a published limit can only be raised` };
  }
  const resized = total === undefined ? product : withTotal(sale, product, total, context);
  if ("refused" in resized) return resized;
  return {
    ...resized,
    ...{ name: name ?? product.name, priceMinor: priceMinor ?? product.priceMinor },
    ...{ currency: currency ?? product.currency, limitPerUser: limitPerUser ?? product.limitPerUser },
  };
}

/** More units count at once. Fewer units wait for the gate: it may have given them away already. */
function withTotal(
  sale: SaleRecord,
  product: ChangeableProduct,
  total: number,
  { revision }: ChangeContext,
): ProductRecord | { readonly refused: string } {
  const { taken, lowering } = product;
  if (total === product.total && lowering === undefined) return product;
  const name = `product ${product.id}`;
  if (lowering !== undefined) {
    if (lowering.total === total) return product;
    return {
      refused: `${name}: its units are being lowered from ${product.total} to ${lowering.total}: try again later`,
    };
  }
  if (total < taken) {
    return { refused: `${name}: units is ${total}, but ${taken} are reserved or sold` };
  }
  if (total > product.total || sale.state === "draft") return { ...product, total };
  return { ...product, lowering: { total, since: revision } };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
