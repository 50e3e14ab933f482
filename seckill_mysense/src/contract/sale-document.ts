import { drandRoundAfter, quicknet } from "fair-draw";
import { z } from "zod";
import { groupBuckets, maxBuckets, splitIntoBuckets } from "../domain/buckets.ts";
import { maxAdmitPerSecond, maxBallotWindowSeconds, type RoomSettings } from "../domain/room.ts";
import type { ProductUpdate, SaleChange } from "../domain/sale-change.ts";
import { isLeaving, maxPriceMinor, maxUnits, type Sale, type SaleContent, type SaleProduct } from "../domain/sale.ts";
import { productId, saleId } from "./identifiers.ts";
import { roomMode } from "./rooms.ts";

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

const minAdmitPerSecond = 0.001;
const rate = z.number().min(minAdmitPerSecond).max(maxAdmitPerSecond);

/** A waiting room as its merchant writes it. */
const room = z.strictObject({
  mode: roomMode.describe(
    "draw: those who are present at closes_at are drawn. queue: all stand in the order of coming. ballot: those who entered " +
      "before closes_at are drawn, and the first ones win.",
  ),
  opens_at: moment,
  closes_at: moment.optional().describe("Of a draw or a ballot; without it the start of the sale."),
  admit_per_second: z
    .union([rate, z.strictObject({ least: rate, most: rate })], {
      error: `must be a number from ${minAdmitPerSecond} to ${maxAdmitPerSecond}, or {"least": ..., "most": ...} with two of them`,
    })
    .optional()
    .describe("Of a draw or a queue: a number, or least and most, between which it follows the load of the checkout."),
  winners: z
    .int()
    .min(1)
    .optional()
    .describe("Of a ballot; without it as many as can all buy what the limits per user allow."),
  use_within_seconds: z
    .int()
    .min(1)
    .max(maxBallotWindowSeconds)
    .describe("How long somebody who is admitted has to get a token; in a ballot, to buy."),
  on_hold: z.boolean().default(false).describe("Nobody is admitted before an operator opens the room."),
  public_value: z
    .union([z.enum(["none", "drand"]), z.looseObject({ kind: z.enum(["none", "drand", "witnesses"]) })])
    .default("none")
    .describe(
      "Of a draw or a ballot: none, drand (the first round of the chain quicknet that comes half a minute after closes_at), or what " +
        "fair-draw's rules have as publicValue.",
    ),
});

/** A sale as its merchant writes it. */
export const saleDocument = z.strictObject({
  id: saleId,
  title: text,
  starts_at: moment,
  ends_at: moment,
  room: room.optional().describe("The waiting room through which all buyers come."),
  invited_only: z.boolean().optional().describe("Only users with an invitation code buy: `sale codes` makes them."),
  products: z.array(product).min(1).max(10_000),
});
export type SaleDocument = z.infer<typeof saleDocument>;

/** What is to be different. Products that the sale does not have are added, and then need every field. */
export const saleUpdate = z.strictObject({
  id: saleId.optional(),
  title: text.optional(),
  starts_at: moment.optional(),
  ends_at: moment.optional(),
  room: room.nullable().optional().describe("Null: without a waiting room."),
  invited_only: z.boolean().optional(),
  products: z
    .array(product.partial().required({ id: true }))
    .max(10_000)
    .optional(),
});

/** The beacon's value must not be known before the closing, and clocks differ. */
const roundAfterClosingMs = 30_000;

function roomOf(written: z.infer<typeof room>, startsAtMs: number | undefined): RoomSettings {
  const { mode, opens_at, closes_at, admit_per_second = 0, use_within_seconds, on_hold, public_value } = written;
  const closesAtMs = closes_at === undefined ? (mode === "queue" ? undefined : startsAtMs) : Date.parse(closes_at);
  const round = drandRoundAfter(quicknet, (closesAtMs ?? 0) + roundAfterClosingMs);
  const named = public_value === "drand" ? { kind: public_value, ...quicknet, round } : { kind: public_value };
  return {
    ...{ mode, opensAtMs: Date.parse(opens_at), closesAtMs },
    ...rateOf(admit_per_second),
    useWithinMs: use_within_seconds * 1_000,
    winners: written.winners,
    ...{ startsOnHold: on_hold, publicValue: typeof public_value === "object" ? public_value : named },
  } as RoomSettings;
}

function rateOf(written: number | { readonly least: number; readonly most: number }) {
  if (typeof written === "number") return { admitPer1000Seconds: Math.round(written * 1_000) };
  const [least, most] = [Math.round(written.least * 1_000), Math.round(written.most * 1_000)];
  return { admitPer1000Seconds: least, rateRange: { least, most } };
}

function showRate({ admitPer1000Seconds, rateRange }: RoomSettings) {
  if (rateRange === undefined) return admitPer1000Seconds / 1_000;
  return { least: rateRange.least / 1_000, most: rateRange.most / 1_000 };
}

function showRoom(room: RoomSettings): z.infer<typeof shownRoom> {
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    ...{ mode: room.mode, opens_at: iso(room.opensAtMs) },
    ...(room.closesAtMs !== undefined && { closes_at: iso(room.closesAtMs) }),
    ...(room.mode !== "ballot" && { admit_per_second: showRate(room) }),
    ...(room.winners !== undefined && { winners: room.winners }),
    use_within_seconds: room.useWithinMs / 1_000,
    ...{ on_hold: room.startsOnHold, public_value: { ...room.publicValue } },
  };
}

export function saleOf({ id, title, starts_at, ends_at, room: written, invited_only, products }: SaleDocument): {
  readonly sale: Sale;
  readonly products: readonly SaleProduct[];
} {
  const times = { startsAtMs: Date.parse(starts_at), endsAtMs: Date.parse(ends_at) };
  const sale: Sale = {
    ...{ id, title, ...times, ...(written && { room: roomOf(written, times.startsAtMs) }) },
    ...(invited_only === true && { invitedOnly: true }),
  };
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

export function updateOf(update: z.infer<typeof saleUpdate>): SaleChange {
  const { title, starts_at, ends_at, room: written, invited_only: invitedOnly, products = [] } = update;
  const ms = (time: string | undefined): number | undefined => (time === undefined ? undefined : Date.parse(time));
  const updates = products.map(
    ({ id, name, price_minor, currency, units, limit_per_user, buckets }): ProductUpdate => ({
      ...{ id, name, priceMinor: price_minor, currency, total: units, limitPerUser: limit_per_user, buckets },
    }),
  );
  const times = { startsAtMs: ms(starts_at), endsAtMs: ms(ends_at) };
  const room = written == null ? written : roomOf(written, times.startsAtMs);
  return { kind: "update", title, ...times, room, invitedOnly, products: updates };
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

const shownRoom = room.extend({ on_hold: z.boolean(), public_value: z.looseObject({ kind: z.string() }) });

export const shownContent = shownSale.extend({
  room: shownRoom
    .optional()
    .describe("As it was published: the rate and the hold of now are shown by `sale room show`."),
  invited_only: z.boolean().optional().describe("Only users with an invitation code buy."),
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
    ...(sale.room && { room: showRoom(sale.room) }),
    ...(sale.invitedOnly && { invited_only: true }),
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
