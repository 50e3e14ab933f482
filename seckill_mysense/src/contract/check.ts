import { z } from "zod";
import { bundlePart } from "./bundles.ts";
import { endpoint } from "./endpoint.ts";
import { productId, reservationId } from "./identifiers.ts";

export const checkAnswer = z.object({
  reservation: reservationId,
  status: z
    .enum(["accepted", "held"])
    .describe("accepted: a unit was set aside now; held: the buyer has this reservation already. Neither is won yet."),
  quantity: z.int().min(2).optional().describe("How many units the reservation is for, if more than one."),
  parts: z.array(bundlePart).optional().describe("With the token of a bundle: what it consists of."),
});
export type CheckAnswer = z.infer<typeof checkAnswer>;

const checkDeclaration = {
  path: "/check",
  authorization: "sale_token",
  query: z.object({
    productID: productId
      .optional()
      .describe("Needed unless the token is for a bundle, which names its products itself."),
    quantity: z.coerce
      .number()
      .int()
      .min(1)
      .max(1_000)
      .default(1)
      .describe(
        "Units, all or none of them; at most the product's limit per user. Decided once for each token; not with the token of a bundle.",
      ),
    token: z.string().optional().describe("The token, when it comes neither as Bearer nor as cookie."),
  }),
  ok: checkAnswer,
  okStatuses: [202, 200],
  failures: [
    "missing_product",
    "invalid_request",
    "too_few_left",
    "over_limit",
    "token_missing",
    "cross_site",
    "token_malformed",
    "token_unknown_key",
    "token_forged",
    "token_expired",
    "token_revoked",
    "token_wrong_product",
    "product_not_found",
    "sold_out",
    "sale_ended",
    "bundle_broken",
    "body_too_large",
    "not_started",
    "banned",
    "gate_closed",
    "sale_paused",
    "gate_unavailable",
  ],
} as const;

export const check = endpoint({
  ...checkDeclaration,
  method: "POST",
  summary: "Asks for units: 202 accepted, 200 the same reservation again. The order is won once the ledger has it.",
});

export const checkByGet = endpoint({
  ...checkDeclaration,
  method: "GET",
  summary: "The same as POST; a browser (Accept: text/html) gets the sale page instead.",
});
