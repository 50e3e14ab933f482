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

export const saleDetails = saleSummary.extend({ products: z.array(saleProduct) });
export type SaleDetails = z.infer<typeof saleDetails>;

/** Clients compute the difference to their own clock from this, so that countdowns follow the server's clock. */
const serverTimeMs = timestampMs.describe(
  "The server's clock when it answered. In an answer from a cache it is older, and the header x-server-time-ms has the present one.",
);

export const listSales = endpoint({
  method: "GET",
  path: "/api/sales",
  summary: "Lists the sales, those that end last first. With an ETag: a client that has the same already gets 304.",
  ok: z.object({ serverTimeMs, sales: z.array(saleDetails) }),
});

export const readSale = endpoint({
  method: "GET",
  path: "/api/sales/:id",
  summary: "Reads one sale with its products. With an ETag, like the list: ask for this rather than for all sales.",
  params: z.object({ id: saleId }),
  ok: z.object({ serverTimeMs, sale: saleDetails }),
  failures: ["sale_not_found"],
});
