import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { roomFailures } from "./tokens.ts";
import { productId, reservationId, timestampMs } from "./identifiers.ts";

export const waitingState = z.enum(["waiting", "offered", "taken", "passed", "left", "limit_reached", "ended"]);
export type WaitingState = z.infer<typeof waitingState>;

export const waitingPlace = z.object({
  productID: productId,
  state: waitingState.describe(
    "waiting: a unit that comes back is offered in the order of joining. offered: a unit is set aside, and is to be paid " +
      "before payBeforeMs. taken: it was paid. passed: it was not paid in time, and went on. left: the buyer gave up the " +
      "place, or declined the offer. limit_reached: the buyer holds as many units as one may hold. ended: the sale is over, or in a ballot the buyer's window.",
  ),
  before: z.number().int().optional().describe("With waiting: how many come before, about half a second old."),
  joinedAtMs: timestampMs,
  reservation: reservationId.optional().describe("With an offer: its order, which is paid like any other."),
  payBeforeMs: timestampMs
    .optional()
    .describe("With offered: the offer passes on to the next one if it is not paid by then."),
});
export type WaitingPlace = z.infer<typeof waitingPlace>;

const list = { path: "/api/waiting-list", authorization: "session", ok: waitingPlace } as const;

export const joinWaitingList = endpoint({
  ...list,
  method: "POST",
  summary: "Joins the end of a sold-out product's waiting list. Joining again changes nothing while the buyer waits.",
  body: z.strictObject({ productID: productId }),
  failures: [
    "session_required",
    "invitation_required",
    "code_required",
    "product_not_found",
    "waiting_list_off",
    "not_started",
    "sale_ended",
    ...roomFailures,
    "units_left",
    "limit_reached",
    "waiting_list_full",
    "gate_closed",
    "gate_unavailable",
  ],
});

export const readWaitingPlace = endpoint({
  ...list,
  method: "GET",
  summary: "Tells the buyer's place in the waiting list, or what became of it.",
  query: z.object({ productID: productId }),
  failures: ["session_required", "product_not_found", "not_waiting"],
});

export const leaveWaitingList = endpoint({
  ...list,
  method: "DELETE",
  summary: "Gives up the place, or declines an offer that is not paid yet.",
  query: z.object({ productID: productId }),
  failures: ["session_required", "cross_site", "product_not_found", "not_waiting", "order_not_cancellable"],
});
