import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { timestampMs } from "./identifiers.ts";
import { workChallenge, workText } from "./work.ts";

/**
 * The name of a new user. It is kept in its canonical form: without compatible forms of Unicode and outer spaces. Its length
 * is that of this form, because one character may stand for many. Letters that nobody sees are refused.
 */
export const userName = z
  .string()
  .max(200)
  .transform((name) => name.normalize("NFKC").trim())
  .pipe(
    z
      .string()
      .min(2)
      .max(40)
      .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._@+-]*$/u, "letters, digits, space and . _ @ + -")
      .regex(/^\P{Default_Ignorable_Code_Point}*$/u, "only characters that can be seen"),
  );

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
  isTry: true,
  body: credentials.extend({
    invitation: z.string().max(1_280).optional().describe("Needed where the shop admits invited persons only."),
    work: workText,
  }),
  ok: sessionUser,
  okStatuses: [201],
  failures: [
    "name_taken",
    "invitation_required",
    "invitation_invalid",
    "person_taken",
    "work_required",
    "work_invalid",
  ],
});

export const createSession = endpoint({
  method: "POST",
  path: "/api/session",
  summary: "Logs in: sets the session cookie.",
  isTry: true,
  body: z.strictObject({ name: z.string().max(200), password: z.string().max(200), work: workText }),
  ok: sessionUser,
  failures: ["wrong_credentials", "work_required", "work_invalid"],
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
  summary: "Logs out: ends the session and its tokens at all gateways, and removes the cookies.",
  ok: z.null(),
  okStatuses: [204],
  failures: ["cross_site"],
});

export const deleteSessions = endpoint({
  method: "DELETE",
  path: "/api/sessions",
  summary: "Logs out everywhere: ends all sessions of the user and their tokens at all gateways.",
  authorization: "session",
  ok: z.null(),
  okStatuses: [204],
  failures: ["session_required", "cross_site"],
});

export const readWorkChallenge = endpoint({
  method: "GET",
  path: "/api/work",
  summary:
    "What a browser has to compute before this name can be registered, or log in: a challenge of ALTCHA with scrypt, or null for nothing.",
  isTry: true,
  query: z.object({ name: userName, action: z.enum(["register", "login"]).default("register") }),
  ok: workChallenge.nullable(),
});
