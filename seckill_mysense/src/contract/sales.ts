import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { productId, saleId, timestampMs } from "./identifiers.ts";
import { roomMode } from "./rooms.ts";

export const saleSummary = z.object({
  id: saleId,
  title: z.string(),
  startsAtMs: timestampMs,
  endsAtMs: timestampMs,
  paused: z.boolean().describe("Nothing of the sale is sold until its merchant resumes it."),
  room: z
    .object({ mode: roomMode, opensAtMs: timestampMs, closesAtMs: timestampMs.optional() })
    .optional()
    .describe("The waiting room through which all buyers come: GET /api/room."),
  invitedOnly: z
    .literal(true)
    .optional()
    .describe("Only users with an invitation code buy: POST /api/invitation-code."),
  cancelled: z.boolean().describe("The sale is sold no more, and its orders are released."),
});

export const saleProduct = z.object({
  id: productId,
  name: z.string(),
  priceMinor: z.number().int().describe("In the currency's smallest unit."),
  currency: z.string(),
  total: z.number().int().describe("Units for sale in all."),
  limitPerUser: z.number().int(),
  paused: z.boolean().describe("Only this product is paused."),
  waiting: z
    .boolean()
    .describe("Units that come back are offered to those who wait, and to nobody else, until nobody waits any more."),
  available: z
    .number()
    .int()
    .nullable()
    .describe("Units left, about a second old; null when unknown. Only the answer of /check counts."),
});

const version = z
  .string()
  .describe("Of the description of the sale: another one for other titles, times, prices, products and totals.");

export const saleDetails = saleSummary.extend({ version, products: z.array(saleProduct) });
export type SaleDetails = z.infer<typeof saleDetails>;

/** What changes only when a merchant changes it. */
export const saleDescription = saleDetails.omit({ paused: true, version: true }).extend({
  products: z.array(saleProduct.omit({ paused: true, waiting: true, available: true })),
});
export type SaleDescription = z.infer<typeof saleDescription>;

/** What changes while a sale runs: short, since every open page asks for it again and again. */
export const saleLive = z.object({
  version,
  paused: saleSummary.shape.paused,
  available: z.record(productId, saleProduct.shape.available).describe("By product: units left, as in the sale."),
  pausedProducts: z.array(productId).optional().describe("Products that are paused while the others are sold."),
  waitingProducts: z
    .array(productId)
    .optional()
    .describe("Products whose units that come back are offered to those who wait."),
});
export type SaleLive = z.infer<typeof saleLive>;

/** Clients compute the difference to their own clock from this, so that countdowns follow the server's clock. */
const serverTimeMs = timestampMs.describe(
  "The server's clock when the answer was made, about a second ago. The header x-server-time-ms has the time at which the gateway sent it. What a cache sends is older, and never newer.",
);

export const listSales = endpoint({
  method: "GET",
  path: "/api/sales",
  summary: "Lists the sales, those that end last first, as a second ago.",
  isShared: true,
  ok: z.object({ serverTimeMs, sales: z.array(saleDetails) }),
});

export const readSale = endpoint({
  method: "GET",
  path: "/api/sales/:id",
  summary: "Reads one sale with its products, as a second ago.",
  isShared: true,
  params: z.object({ id: saleId }),
  ok: z.object({ serverTimeMs, sale: saleDetails }),
  failures: ["sale_not_found"],
});

export const readSaleDescription = endpoint({
  method: "GET",
  path: "/api/sales/:id/description",
  summary: "What a sale consists of. With its present version in the query, caches may keep the answer for ever.",
  isShared: true,
  params: z.object({ id: saleId }),
  query: z.object({ version: z.string().max(32).optional() }),
  ok: z.object({ version, sale: saleDescription }),
  failures: ["sale_not_found"],
});

export const readSaleLive = endpoint({
  method: "GET",
  path: "/api/sales/:id/live",
  summary: "What changes while a sale runs, as a second ago: the answer that pages ask for again and again.",
  isShared: true,
  params: z.object({ id: saleId }),
  ok: saleLive.extend({ serverTimeMs }),
  failures: ["sale_not_found"],
});
