import { fromHex, hashBytes, hex, join, u32 } from "../bytes.ts";
import type { Sign } from "../ed25519.ts";
import { fieldsOf, hexField, integerField, maxU32, oneOf } from "../fields.ts";
import type { DrawRules } from "../rules.ts";
import { tags } from "../tags.ts";
import { parseSignature, signed, type Statement, statementProblem } from "./statement.ts";

const announcementFormat = "fair-draw/announcement/1";

/** Which entries are drawn: signed when the entry has closed, and before the public value is known. */
export interface Announcement extends Statement {
  readonly format: typeof announcementFormat;
  readonly count: number;
  /** Of RFC 6962's tree over the entries from 1 to `count`. */
  readonly root: string;
  /** Of the line up to `count`. */
  readonly head: string;
}

/** The drawn entries, in three values. */
export interface DrawnEntries {
  readonly count: number;
  readonly root: Uint8Array;
  readonly head: Uint8Array;
}

const messageOf = (rules: Uint8Array, { count, root, head }: DrawnEntries): Uint8Array =>
  join(tags.announcement, rules, u32(count), root, head);

export const signAnnouncement = (sign: Sign, rules: Uint8Array, drawn: DrawnEntries): Announcement => ({
  format: announcementFormat,
  rules: hex(rules),
  count: drawn.count,
  root: hex(drawn.root),
  head: hex(drawn.head),
  signature: signed(sign, messageOf(rules, drawn)),
});

/** Reads an announcement from JSON that others wrote. Throws MalformedDraw. */
export function parseAnnouncement(value: unknown): Announcement {
  const names = ["format", "rules", "count", "root", "head", "signature"] as const;
  const fields = fieldsOf("the announcement", value, names);
  return {
    format: oneOf("announcement.format", fields.format, [announcementFormat] as const),
    rules: hexField("announcement.rules", fields.rules, hashBytes),
    count: integerField("announcement.count", fields.count, 0, maxU32),
    root: hexField("announcement.root", fields.root, hashBytes),
    head: hexField("announcement.head", fields.head, hashBytes),
    signature: parseSignature("announcement", fields.signature),
  };
}

/** Why the shop is not bound by an announcement; undefined if it is. */
export function announcementProblem(
  rules: DrawRules,
  rulesHash: Uint8Array,
  announcement: Announcement,
): string | undefined {
  const { count, root, head } = announcement;
  const drawn = { count, root: fromHex(root), head: fromHex(head) };
  return statementProblem({ rules, rulesHash }, announcement, messageOf(fromHex(announcement.rules), drawn));
}
