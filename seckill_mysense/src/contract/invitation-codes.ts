import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { saleId } from "./identifiers.ts";

export const invitedUser = z.object({
  saleID: saleId,
  invited: z.boolean().describe("Whether the user may buy in this sale; true in a sale that is for everybody."),
});

export const useInvitationCode = endpoint({
  method: "POST",
  path: "/api/invitation-code",
  summary: "Hands in an invitation code of a sale. From then on the user may buy there, on every device.",
  authorization: "session",
  body: z.strictObject({ saleID: saleId, code: z.string().max(1_280) }),
  ok: invitedUser,
  failures: ["session_required", "sale_not_found", "code_invalid", "code_not_yours", "code_revoked", "code_taken"],
});

export const readInvited = endpoint({
  method: "GET",
  path: "/api/invitation-code",
  summary: "Whether the user may buy in a sale.",
  authorization: "session",
  query: z.object({ saleID: saleId }),
  ok: invitedUser,
  failures: ["session_required", "sale_not_found"],
});
