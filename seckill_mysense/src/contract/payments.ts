import { z } from "zod";
import { endpoint } from "./endpoint.ts";

export const paymentCallback = endpoint({
  method: "POST",
  path: "/api/payments/callback",
  summary:
    "For the provider of payments: what became of a payment. Signed over the raw body; safe to repeat. Answered after the ledger's commit.",
  ok: z.object({
    outcome: z.string().describe("What the callback changed; `duplicate` and `ignored` change nothing."),
  }),
  failures: [
    "payments_off",
    "callback_forged",
    "callback_too_old",
    "callback_malformed",
    "payment_not_found",
    "body_too_large",
    "body_too_slow",
  ],
});
