import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { reservationId } from "./identifiers.ts";
import { reservation } from "./reservations.ts";

const order = { authorization: "session", params: z.object({ id: reservationId }), ok: reservation } as const;

export const payOrder = endpoint({
  ...order,
  method: "POST",
  path: "/api/orders/:id/pay",
  summary: "Pays an order (demonstration: no money moves). Paying twice changes nothing.",
  failures: ["session_required", "cross_site", "order_not_found", "not_owner", "order_not_payable"],
});

export const cancelOrder = endpoint({
  ...order,
  method: "POST",
  path: "/api/orders/:id/cancel",
  summary: "Gives an unpaid order's unit back.",
  failures: ["session_required", "cross_site", "order_not_found", "not_owner", "order_not_cancellable"],
});
