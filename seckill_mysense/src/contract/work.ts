import { z } from "zod";
import { timestampMs } from "./identifiers.ts";

/** What has to be paid for with work. */
const workAction = z.enum(["register", "login", "enter"]);
export type WorkAction = z.infer<typeof workAction>;

/** What a request carries. */
export const workText = z
  .string()
  .max(4_096)
  .optional()
  .describe("The solved challenge in base64, as ALTCHA's widget sends it, where the shop asks for it.");

const hex = (most: number) =>
  z
    .string()
    .regex(/^[0-9a-f]+$/)
    .max(most);

/** A challenge of ALTCHA, version 2, with the numbers that this shop gives. */
export const workChallenge = z.strictObject({
  parameters: z.strictObject({
    algorithm: z.literal("SCRYPT"),
    cost: z
      .int()
      .min(1)
      .max(1 << 16)
      .describe("scrypt's N."),
    memoryCost: z.int().min(1).max(8).describe("scrypt's r."),
    parallelism: z.literal(1),
    keyLength: z.literal(32),
    keyPrefix: hex(8).describe("The hash has to begin with these digits."),
    nonce: hex(64).describe("The input is these bytes, and four bytes of the number that is searched for."),
    salt: hex(64),
    expiresAt: z.int().min(0).describe("Unix seconds."),
    data: z.strictObject({ action: workAction, subject: z.string().max(200), issuedAtMs: timestampMs }),
  }),
  signature: hex(64),
});
export type WorkChallenge = z.infer<typeof workChallenge>;

/** A challenge and its solution. */
export const work = z.object({
  challenge: workChallenge,
  solution: z.object({
    counter: z
      .int()
      .min(0)
      .max(2 ** 32 - 1),
    derivedKey: hex(64),
  }),
});
