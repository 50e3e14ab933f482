import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { maxBundleParts } from "../domain/bundle.ts";
import { productId, reservationId, timestampMs } from "./identifiers.ts";

/** Of what stands behind a waiting room. */
export const roomFailures = ["room_required", "room_not_admitted", "room_place_expired", "room_unavailable"] as const;

export const issuedToken = z.object({
  token: z.string(),
  reservation: reservationId.describe("The id of the one reservation that this token can make."),
  pass: z
    .string()
    .optional()
    .describe("Of a sale with a waiting room: the pass, which now says that the place was used."),
  notBeforeMs: timestampMs,
  expiresAtMs: timestampMs,
});

const bundleProduct = z.strictObject({
  productID: productId,
  quantity: z.int().min(1).max(1_000).default(1).describe("Units, at most the product's limit per user."),
});

export const issueToken = endpoint({
  method: "POST",
  path: "/api/token",
  summary:
    "Issues a token for one product, or for a bundle of several ones, to the logged-in user, ahead of the sale's start or during it.",
  authorization: "session",
  body: z.strictObject({
    productID: productId.optional().describe("For a token for one product."),
    products: z
      .array(bundleProduct)
      .min(2)
      .max(maxBundleParts)
      .optional()
      .describe("For a bundle: different products of one sale and one currency, of which the buyer gets all or none."),
  }),
  ok: issuedToken,
  failures: [
    "session_required",
    "invitation_required",
    "code_required",
    "product_not_found",
    "sale_ended",
    ...roomFailures,
  ],
});
