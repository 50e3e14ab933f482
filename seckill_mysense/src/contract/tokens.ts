import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { productId, reservationId, timestampMs } from "./identifiers.ts";

export const issuedToken = z.object({
  token: z.string(),
  reservation: reservationId.describe("The id of the one reservation that this token can make."),
  notBeforeMs: timestampMs,
  expiresAtMs: timestampMs,
});

export const issueToken = endpoint({
  method: "POST",
  path: "/api/token",
  summary: "Issues a token for one product to the logged-in user, ahead of the sale's start or during it.",
  authorization: "session",
  body: z.strictObject({ productID: productId }),
  ok: issuedToken,
  failures: ["session_required", "product_not_found", "sale_ended"],
});
