import { describeLateRoom, isSameRoom, type RoomSettings } from "./room.ts";
import { bucketIndex, productOf, shareOut, splitIntoBuckets } from "./buckets.ts";
import {
  describeLateEnd,
  isLeaving,
  latestEndMs,
  type Lowering,
  maxUnits,
  type ProductRecord,
  type SaleRecord,
} from "./sale.ts";

/** What is different about a product, or all of a new one. `total` counts the units of all its buckets. */
export interface ProductUpdate {
  readonly id: string;
  readonly name?: string | undefined;
  readonly priceMinor?: number | undefined;
  readonly currency?: string | undefined;
  readonly total?: number | undefined;
  readonly limitPerUser?: number | undefined;
  readonly buckets?: number | undefined;
}

export type SaleChange =
  | { readonly kind: "publish" }
  | {
      readonly kind: "update";
      readonly title?: string | undefined;
      readonly startsAtMs?: number | undefined;
      readonly endsAtMs?: number | undefined;
      /** Null takes the room away. */
      readonly room?: RoomSettings | null | undefined;
      readonly invitedOnly?: boolean | undefined;
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

/** The products whose figures at the gate a change is about; undefined for all products of the sale. */
export function productsAtGate(change: SaleChange): readonly string[] | undefined {
  switch (change.kind) {
    case "restock":
      return [change.productId];
    case "pause":
    case "resume":
      return change.productId === undefined ? undefined : [change.productId];
    case "update":
      // The gate keeps the times of the sale with each product.
      if (change.startsAtMs !== undefined || change.endsAtMs !== undefined) return undefined;
      return (change.products ?? []).map(({ id }) => id);
    default:
      return undefined;
  }
}

/**
 * The lower totals that a change asks for, by bucket: its own, and the same ones when somebody has asked for them before.
 * Another total is refused while a lower one waits.
 */
export function askedLowerings(change: SaleChange, after: readonly ProductRecord[]): Map<string, Lowering> {
  const resized = new Set(change.kind === "restock" ? [change.productId] : []);
  if (change.kind === "update") {
    for (const { id, total } of change.products ?? []) if (total !== undefined) resized.add(id);
  }
  const asked = new Map<string, Lowering>();
  for (const { id, lowering } of after) {
    if (isLeaving(lowering) && resized.has(productOf(id))) asked.set(id, lowering);
  }
  return asked;
}

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
  /** Whether the sale's room is closed or has begun to admit, by the ledger: it goes by the start that it has then. */
  readonly isStartFixed: boolean;
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
    case "publish": {
      const late = sale.state === "draft" ? describeLateRoom(sale.room, context.nowMs) : undefined;
      return late === undefined ? { ...unchanged(sale), sale: { ...sale, state: "published" } } : { refused: late };
    }
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
  const buckets = bucketsOf(products, productId);
  if (buckets.length === 0) return { refused: `it has no product ${JSON.stringify(productId)}` };
  return { ...unchanged(sale), changed: buckets.map((bucket) => ({ ...bucket, paused })) };
}

function planRestock(
  { sale, products }: ChangeableSale,
  { productId, units }: SaleChange & { kind: "restock" },
  context: ChangeContext,
): PlannedChange | { readonly refused: string } {
  const buckets = bucketsOf(products, productId);
  if (buckets.length === 0) return { refused: `it has no product ${JSON.stringify(productId)}` };
  const changed = withTotal(sale, buckets, unitsOf(buckets) + units, context);
  return "refused" in changed ? changed : { ...unchanged(sale), changed };
}

function planUpdate(
  before: ChangeableSale,
  { title, startsAtMs, endsAtMs, room, invitedOnly, products = [] }: SaleChange & { kind: "update" },
  context: ChangeContext,
): PlannedChange | { readonly refused: string } {
  const moved = moveTimes(before, { startsAtMs, endsAtMs }, context);
  if ("refused" in moved) return moved;
  if (room !== undefined && before.sale.state !== "draft" && !isSameRoom(before.sale.room, room ?? undefined)) {
    return { refused: "its room cannot change any more: its rules were published with the sale" };
  }
  const wasInvitedOnly = before.sale.invitedOnly === true;
  if ((invitedOnly ?? wasInvitedOnly) !== wasInvitedOnly && before.sale.state !== "draft") {
    return { refused: "invited_only cannot change any more: others may have tokens already" };
  }
  const withRoom = room === undefined ? moved.sale : { ...moved.sale, room: room ?? undefined };
  const who = invitedOnly === undefined ? {} : { invitedOnly: invitedOnly ? (true as const) : undefined };
  const sale = { ...withRoom, ...who, title: title ?? moved.sale.title };
  const changed: ProductRecord[] = [];
  const added: ProductRecord[] = [];
  for (const update of products) {
    const known = bucketsOf(before.products, update.id);
    const isNew = known.length === 0;
    const planned = isNew ? newProduct(sale, update, context) : changeProduct(sale, known, update, context);
    if ("refused" in planned) return planned;
    (isNew ? added : changed).push(...planned);
  }
  return { sale, changed, added };
}

function moveTimes(
  { sale }: ChangeableSale,
  times: { readonly startsAtMs?: number | undefined; readonly endsAtMs?: number | undefined },
  { nowMs, isStartFixed }: ChangeContext,
): PlannedChange | { readonly refused: string } {
  const { startsAtMs = sale.startsAtMs, endsAtMs = sale.endsAtMs } = times;
  if (startsAtMs !== sale.startsAtMs && sale.state === "published" && sale.startsAtMs <= nowMs) {
    return { refused: `starts_at cannot change any more: it started at ${iso(sale.startsAtMs)}` };
  }
  if (startsAtMs !== sale.startsAtMs && isStartFixed) {
    const closesAtMs = sale.room?.closesAtMs;
    const why = closesAtMs === undefined ? "has begun to admit" : `was closed for the draw at ${iso(closesAtMs)}`;
    return { refused: `starts_at cannot change any more: its room ${why}` };
  }
  if (endsAtMs !== sale.endsAtMs && endsAtMs <= nowMs) {
    return { refused: `ends_at is ${iso(endsAtMs)}, which is over; to end the sale now, use "end"` };
  }
  if (endsAtMs !== sale.endsAtMs && endsAtMs > latestEndMs) return { refused: describeLateEnd(endsAtMs) };
  return { ...unchanged(sale), sale: { ...sale, startsAtMs, endsAtMs } };
}

function newProduct(
  sale: SaleRecord,
  update: ProductUpdate,
  { revision }: ChangeContext,
): ProductRecord[] | { readonly refused: string } {
  const { id, name, priceMinor, currency, total, limitPerUser, buckets = 1 } = update;
  const given = { name, price_minor: priceMinor, currency, units: total, limit_per_user: limitPerUser };
  const missing = Object.entries(given).find(([, value]) => value === undefined);
  if (missing !== undefined) return { refused: `product ${id} is new, and ${missing[0]} is missing` };
  const product = {
    ...{ id, saleId: sale.id, name: name!, priceMinor: priceMinor!, currency: currency!, total: total! },
    ...{ limitPerUser: limitPerUser!, epoch: 1, paused: false, revision, lowering: undefined },
  };
  return splitIntoBuckets(product, buckets);
}

function changeProduct(
  sale: SaleRecord,
  known: readonly ChangeableProduct[],
  update: ProductUpdate,
  context: ChangeContext,
): ProductRecord[] | { readonly refused: string } {
  const { name, priceMinor, currency, total = unitsOf(known), limitPerUser, buckets = known.length } = update;
  const [first] = known as [ChangeableProduct];
  if (buckets !== known.length) {
    return { refused: `product ${first.id}: buckets is ${buckets}, but it has ${known.length}, which cannot change` };
  }
  // Reservations that the gate accepted under the higher limit may still be on their way to the ledger.
  if (sale.state !== "draft" && limitPerUser !== undefined && limitPerUser < first.limitPerUser) {
    const limits = `limit_per_user is ${limitPerUser}, but buyers were promised ${first.limitPerUser}`;
    return { refused: `product ${first.id}: ${limits}: a published limit can only be raised` };
  }
  const resized = update.total === undefined ? known : withTotal(sale, known, total, context);
  if ("refused" in resized) return resized;
  return resized.map((bucket) => ({
    ...bucket,
    ...{ name: name ?? bucket.name, priceMinor: priceMinor ?? bucket.priceMinor },
    ...{ currency: currency ?? bucket.currency, limitPerUser: limitPerUser ?? bucket.limitPerUser },
  }));
}

/** A product's buckets in their order; one for a product that is not split, none for an unknown one. */
function bucketsOf(products: readonly ChangeableProduct[], productId: string): ChangeableProduct[] {
  return products
    .filter(({ id }) => productOf(id) === productId)
    .toSorted((a, b) => bucketIndex(a.id) - bucketIndex(b.id));
}

function unitsOf(buckets: readonly ProductRecord[]): number {
  return buckets.reduce((sum, { total }) => sum + total, 0);
}

/**
 * More units count at once. Fewer units wait for the gate: it may have given them away already. The buckets of a product
 * share the difference.
 */
function withTotal(
  sale: SaleRecord,
  buckets: readonly ChangeableProduct[],
  total: number,
  { revision }: ChangeContext,
): readonly ProductRecord[] | { readonly refused: string } {
  const name = `product ${productOf(buckets[0]!.id)}`;
  const units = unitsOf(buckets);
  const leaving = buckets.filter(({ lowering }) => isLeaving(lowering));
  const lowered = units - leaving.reduce((sum, bucket) => sum + bucket.total - bucket.lowering!.total, 0);
  if (total === lowered) return buckets;
  if (leaving.length > 0) {
    return { refused: `${name}: its units are being lowered from ${units} to ${lowered}: try again later` };
  }
  if (total > maxUnits) return { refused: `${name}: units is ${total}, but at most ${maxUnits} are possible` };
  const taken = buckets.reduce((sum, bucket) => sum + bucket.taken, 0);
  if (total < taken) return { refused: `${name}: units is ${total}, but ${taken} are reserved or sold` };
  // Buckets between which units move are left alone: their totals are about to change.
  const receivers = new Set(buckets.map(({ lowering }) => lowering?.to));
  const steady = buckets.filter(({ id, lowering }) => lowering === undefined && !receivers.has(id));
  const changes = total > units ? raise(steady, total - units) : lower(steady, units - total);
  if (changes === undefined) return { refused: `${name}: its units move between its buckets: try again later` };
  const lowersAtOnce = total > units || sale.state === "draft";
  return buckets.map((bucket) => {
    const added = changes.get(bucket.id) ?? 0;
    if (added === 0) return bucket;
    if (lowersAtOnce) return { ...bucket, total: bucket.total + added };
    return { ...bucket, lowering: { total: bucket.total + added, since: revision } };
  });
}

type Changes = ReadonlyMap<string, number>;

function raise(buckets: readonly ChangeableProduct[], units: number): Changes | undefined {
  if (buckets.length === 0) return undefined;
  const shares = shareOut(units, buckets.length);
  return new Map(buckets.map(({ id }, index) => [id, shares[index]!]));
}

/** Takes units so that the free ones, as far as the ledger knows, end up evenly spread. */
function lower(buckets: readonly ChangeableProduct[], units: number): Changes | undefined {
  const byFree = buckets
    .map(({ id, total, taken }) => ({ id, free: total - taken }))
    .toSorted((a, b) => a.free - b.free);
  let kept = byFree.reduce((sum, { free }) => sum + free, 0) - units;
  if (kept < 0) return undefined;
  const changes = new Map<string, number>();
  for (const [index, { id, free }] of byFree.entries()) {
    const keeps = Math.min(free, Math.floor(kept / (byFree.length - index)));
    changes.set(id, keeps - free);
    kept -= keeps;
  }
  return changes;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
