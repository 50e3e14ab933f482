import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { timestampMs } from "./identifiers.ts";

/** Names are compared without regard to case. Surrounding spaces are removed. */
export const userName = z
  .string()
  .trim()
  .min(2)
  .max(40)
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._@+-]*$/u, "letters, digits, space and . _ @ + -");

/** The upper limit bounds the work of hashing. The lower limit is from NIST SP 800-63B. */
export const password = z.string().min(8).max(128);

export const credentials = z.strictObject({ name: userName, password });
export type Credentials = z.infer<typeof credentials>;

export const sessionUser = z.object({ userID: z.string(), name: z.string(), expiresAtMs: timestampMs });
export type SessionUser = z.infer<typeof sessionUser>;

export const registerUser = endpoint({
  method: "POST",
  path: "/api/users",
  summary: "Registers a buyer and signs the buyer in.",
  body: credentials,
  ok: sessionUser,
  okStatuses: [201],
  failures: ["name_taken"],
});

export const createSession = endpoint({
  method: "POST",
  path: "/api/session",
  summary: "Logs in: sets the session cookie.",
  body: z.strictObject({ name: z.string().max(200), password: z.string().max(200) }),
  ok: sessionUser,
  failures: ["wrong_credentials"],
});

export const readSession = endpoint({
  method: "GET",
  path: "/api/session",
  summary: "Says who is logged in: null for nobody.",
  ok: sessionUser.nullable(),
});

export const deleteSession = endpoint({
  method: "DELETE",
  path: "/api/session",
  summary: "Logs out: removes the session cookie.",
  ok: z.null(),
  okStatuses: [204],
  failures: ["cross_site"],
});
