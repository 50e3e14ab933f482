import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { timestampMs } from "./identifiers.ts";

export const createInvitation = endpoint({
  method: "POST",
  path: "/invitations",
  summary: "Makes an invitation to register for a person whom the asking program has told apart from all others.",
  authorization: "internal",
  body: z.strictObject({
    personID: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, "1 to 64 letters, digits, _ or -")
      .describe("The program's name for the person, always the same one: each person gets one account."),
    validSeconds: z.int().min(60).max(31_536_000).default(604_800),
  }),
  ok: z.object({ invitation: z.string(), expiresAtMs: timestampMs }),
  okStatuses: [201],
  failures: ["internal_secret_wrong"],
});
