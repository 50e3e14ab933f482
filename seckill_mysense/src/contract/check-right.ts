import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { productId, reservationId } from "./identifiers.ts";

const userId = z.string().min(1).max(64);

export const checkRight = endpoint({
  method: "POST",
  path: "/checkRight",
  summary: "Tells another program whether a user may try now, as /check would: by the user's owner among the gateways.",
  authorization: "internal",
  body: z.strictObject({
    userID: userId,
    productID: productId.optional().describe("With reservation: the product that it is of."),
    reservation: reservationId
      .optional()
      .describe("With productID: whether the user holds it, as far as the gateways remember."),
    peek: z.boolean().optional().describe("Only look: without it, asking counts as one try of the user."),
  }),
  ok: z.object({
    right: z.boolean(),
    error: z.enum(["limited", "banned"]).optional().describe("Why not: the code that /check would answer with."),
    retryAfterSeconds: z.number().int().positive().optional(),
    held: z.boolean().describe("The user has this very reservation already."),
    owner: z.string().describe("The gateway that decides about the user; empty for a gateway that is alone."),
  }),
  failures: ["internal_secret_wrong", "product_not_found"],
});
export type Right = z.infer<typeof checkRight.ok>;
