import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { reservationId } from "./identifiers.ts";
import { reservation } from "./reservations.ts";

const order = { authorization: "session", params: z.object({ id: reservationId }), ok: reservation } as const;

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
