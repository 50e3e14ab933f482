import { fromHex, hashBytes, hex, join } from "../bytes.ts";
import type { Sign } from "../ed25519.ts";
import { type Entry, leafOf, pseudonymBytes } from "../entry.ts";
import { fieldsOf, hexField, integerField, maxU32, oneOf } from "../fields.ts";
import type { Rules } from "../rules.ts";
import { sha256 as defaultSha256, type Sha256 } from "../sha256.ts";
import { tags } from "../tags.ts";
import { parseSignature, signed, type Statement, statementProblem } from "./statement.ts";

const receiptFormat = "fair-draw/receipt/1";

/** What a visitor keeps: the shop has signed that the entry has this number. */
export interface Receipt extends Statement {
  readonly format: typeof receiptFormat;
  readonly number: number;
  readonly pseudonym: string;
  readonly time: number;
}

const messageOf = (leaf: Uint8Array): Uint8Array => join(tags.receipt, leaf);

/** The same entry always gets the same receipt, because Ed25519 needs no chance. */
export function signReceipt(sign: Sign, rules: Uint8Array, entry: Entry, sha256: Sha256 = defaultSha256): Receipt {
  const { number, pseudonym, time } = entry;
  const signature = signed(sign, messageOf(leafOf(rules, entry, sha256)));
  return { format: receiptFormat, rules: hex(rules), number, pseudonym: hex(pseudonym), time, signature };
}

/** Reads a receipt from JSON that others wrote. Throws MalformedDraw. */
export function parseReceipt(value: unknown): Receipt {
  const names = ["format", "rules", "number", "pseudonym", "time", "signature"] as const;
  const fields = fieldsOf("the receipt", value, names);
  return {
    format: oneOf("receipt.format", fields.format, [receiptFormat] as const),
    rules: hexField("receipt.rules", fields.rules, hashBytes),
    number: integerField("receipt.number", fields.number, 1, maxU32),
    pseudonym: hexField("receipt.pseudonym", fields.pseudonym, pseudonymBytes),
    time: integerField("receipt.time", fields.time, 0),
    signature: parseSignature("receipt", fields.signature),
  };
}

export const entryOf = ({ number, pseudonym, time }: Receipt): Entry => ({
  number,
  pseudonym: fromHex(pseudonym),
  time,
});

/** Why the shop is not bound by a receipt; undefined if it is. A visitor can ask as soon as it has the receipt. */
export function receiptProblem(rules: Rules, rulesHash: Uint8Array, receipt: Receipt): string | undefined {
  const leaf = leafOf(fromHex(receipt.rules), entryOf(receipt));
  return statementProblem({ rules, rulesHash }, receipt, messageOf(leaf));
}
