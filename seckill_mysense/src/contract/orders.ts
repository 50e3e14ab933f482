import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { reservationId } from "./identifiers.ts";
import { reservation } from "./reservations.ts";

const order = { authorization: "session", params: z.object({ id: reservationId }), ok: reservation } as const;

/** So many orders are listed at most: the products of a bundle count one by one. */
export const maxListedOrders = 100;

export const listOrders = endpoint({
  authorization: "session",
  method: "GET",
  path: "/api/orders",
  summary:
    "Lists what the user has ordered, in all sales, the newest first. A purchase that is not recorded yet is missing.",
  ok: z.object({
    orders: z.array(reservation).describe(`Of the ${maxListedOrders} newest orders. A bundle is one of them.`),
    hasMore: z.boolean().describe("There are older ones."),
  }),
  failures: ["session_required"],
});

export const payOrder = endpoint({
  ...order,
  method: "POST",
  path: "/api/orders/:id/pay",
  summary:
    "Pays an order. With a provider of payments it starts a payment, and payUrl says where the buyer makes it; without one no money moves. Paying twice changes nothing.",
  ok: reservation.extend({ payUrl: z.string().optional().describe("Where the buyer pays, when a provider is set.") }),
  failures: [
    "session_required",
    "cross_site",
    "order_not_found",
    "not_owner",
    "order_not_payable",
    "payment_unavailable",
  ],
});

export const cancelOrder = endpoint({
  ...order,
  method: "POST",
  path: "/api/orders/:id/cancel",
  summary: "Gives an unpaid order's unit back.",
  failures: ["session_required", "cross_site", "order_not_found", "not_owner", "order_not_cancellable"],
});
