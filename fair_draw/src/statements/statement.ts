import { fromHex, hex } from "../bytes.ts";
import { ed25519SignatureBytes, isSignedBy, type Sign } from "../ed25519.ts";
import { hexField } from "../fields.ts";
import type { Rules } from "../rules.ts";

/** What the shop signs with the key of its rules. A statement names the rules by their hash. */
export interface Statement {
  readonly rules: string;
  readonly signature: string;
}

export const signed = (sign: Sign, message: Uint8Array): string => hex(sign(message));

export const parseSignature = (what: string, value: unknown): string =>
  hexField(`${what}.signature`, value, ed25519SignatureBytes);

/**
 * Why the shop is not bound by a statement; undefined if it is.
 *
 * @param rulesHash the hash of `rules`
 */
export function statementProblem(
  { rules, rulesHash }: { readonly rules: Rules; readonly rulesHash: Uint8Array },
  statement: Statement,
  message: Uint8Array,
): string | undefined {
  if (statement.rules !== hex(rulesHash)) return "it belongs to other rules";
  const isSigned = isSignedBy(fromHex(rules.receiptKey), message, fromHex(statement.signature));
  return isSigned ? undefined : "its signature is not by the key of these rules";
}
