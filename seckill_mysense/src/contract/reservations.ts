import { z } from "zod";
import { readBundlePart } from "./bundles.ts";
import { endpoint } from "./endpoint.ts";
import { productId, reservationId, timestampMs } from "./identifiers.ts";

export const reservationStatus = z.enum([
  "pending",
  "won",
  "paid",
  "cancelled",
  "expired",
  "refund_due",
  "refunded",
  "rejected",
  "lost",
]);
export type ReservationStatus = z.infer<typeof reservationStatus>;

export const reservation = z.object({
  reservation: reservationId,
  status: reservationStatus.describe(
    "won is said only after the ledger's commit; it is to be paid before payBeforeMs. lost: the gate has lost data, and " +
      "nothing was ordered; the buyer may try again with the same token.",
  ),
  productID: productId.optional().describe("Always given, except for a bundle, which has parts."),
  parts: z
    .array(readBundlePart)
    .optional()
    .describe("With a bundle: its products. Without an order of it, they may be left out."),
  reason: z.string().optional().describe("With rejected: why."),
  payBeforeMs: timestampMs.optional().describe("With won: the order expires if it is not paid by then."),
  productName: z.string().optional().describe("With an order: the name when the order was recorded."),
  priceMinor: z.number().int().optional().describe("With an order: the price when the order was recorded."),
  totalMinor: z.number().int().optional().describe("With the orders of a bundle: what all its units cost together."),
  currency: z.string().optional().describe("With an order: the currency of its price."),
  quantity: z.number().int().optional().describe("With an order: how many units it is for."),
  recordedAtMs: timestampMs.optional().describe("With an order: when it was recorded."),
  paidAtMs: timestampMs.optional().describe("When the order was paid."),
  cancelledAtMs: timestampMs.optional().describe("When it was cancelled, by its buyer or with its sale."),
  expiredAtMs: timestampMs.optional().describe("When the order expired unpaid."),
  refundedAtMs: timestampMs.optional().describe("When the money of an order of a cancelled sale was back."),
});
export type Reservation = z.infer<typeof reservation>;

const identity = {
  authorization: "either",
  params: z.object({ id: reservationId }),
  query: z.object({
    productID: productId.optional().describe("Needed with a session while the reservation is pending or rejected."),
    token: z.string().optional().describe("The sale token, when it comes neither as Bearer nor as cookie."),
  }),
} as const;

export const readReservation = endpoint({
  ...identity,
  method: "GET",
  path: "/api/reservations/:id",
  summary: "Tells a buyer what became of a reservation.",
  ok: reservation,
  failures: ["session_required", "token_revoked", "reservation_not_found", "not_owner", "gate_unavailable"],
});

export const watchReservation = endpoint({
  ...identity,
  method: "GET",
  path: "/api/reservations/:id/events",
  summary: "The same as server-sent events: one `status` event now and one at each change, until the end is known.",
  ok: z.string(),
  okContentType: "text/event-stream",
  failures: [
    "session_required",
    "token_revoked",
    "reservation_not_found",
    "not_owner",
    "gate_unavailable",
    "too_many_listeners",
  ],
});
