import { fromHex, hashBytes, hex, join, u32 } from "../bytes.ts";
import type { Sign } from "../ed25519.ts";
import { fieldsOf, hexField, integerField, maxU32, oneOf } from "../fields.ts";
import type { Rules } from "../rules.ts";
import { tags } from "../tags.ts";
import { parseSignature, signed, type Statement, statementProblem } from "./statement.ts";

const headFormat = "fair-draw/head/1";

/** The shop has signed which entries came first, and in which order. */
export interface SignedHead extends Statement {
  readonly format: typeof headFormat;
  /** How many entries the head stands for. */
  readonly number: number;
  readonly head: string;
}

const messageOf = (rules: Uint8Array, number: number, head: Uint8Array): Uint8Array =>
  join(tags.head, rules, u32(number), head);

export const signHead = (
  sign: Sign,
  rules: Uint8Array,
  { number, head }: { readonly number: number; readonly head: Uint8Array },
): SignedHead => ({
  format: headFormat,
  rules: hex(rules),
  number,
  head: hex(head),
  signature: signed(sign, messageOf(rules, number, head)),
});

/** Reads a signed head from JSON that others wrote. Throws MalformedDraw. */
export function parseSignedHead(value: unknown, what = "head"): SignedHead {
  const fields = fieldsOf(what, value, ["format", "rules", "number", "head", "signature"]);
  return {
    format: oneOf(`${what}.format`, fields.format, [headFormat] as const),
    rules: hexField(`${what}.rules`, fields.rules, hashBytes),
    number: integerField(`${what}.number`, fields.number, 0, maxU32),
    head: hexField(`${what}.head`, fields.head, hashBytes),
    signature: parseSignature(what, fields.signature),
  };
}

/** Why the shop is not bound by a head; undefined if it is. */
export function signedHeadProblem(rules: Rules, rulesHash: Uint8Array, head: SignedHead): string | undefined {
  const message = messageOf(fromHex(head.rules), head.number, fromHex(head.head));
  return statementProblem({ rules, rulesHash }, head, message);
}
