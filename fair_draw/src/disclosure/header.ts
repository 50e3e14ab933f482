import { canonicalJson } from "../canonical-json.ts";
import { fieldsOf, hexField, oneOf } from "../fields.ts";
import { parsePublicValue, type PublicValue } from "../public-value/public-value.ts";
import { type DrawRules, parseRules, type QueueRules, secretBytes } from "../rules.ts";
import type { Sha256 } from "../sha256.ts";
import { type Announcement, parseAnnouncement } from "../statements/announcement.ts";
import { parseSignedHead, type SignedHead } from "../statements/signed-head.ts";

const disclosureFormat = "fair-draw/disclosure/1";

/** All that is disclosed of a draw apart from the entries. */
export interface DrawHeader {
  readonly rules: DrawRules;
  readonly secret: string;
  readonly announcement: Announcement;
  readonly publicValue: PublicValue;
  /** Of all entries that are disclosed. */
  readonly lastHead: SignedHead;
}

/** A room without a draw discloses its line. */
export interface QueueHeader {
  readonly rules: QueueRules;
  readonly lastHead: SignedHead;
}

export type DisclosureHeader = DrawHeader | QueueHeader;

export const isDraw = (header: DisclosureHeader): header is DrawHeader => header.rules.mode === "draw";

/** The first line of a disclosure, without its end. */
export const headerLine = (header: DisclosureHeader): string => canonicalJson({ format: disclosureFormat, ...header });

/** Reads a header from parsed JSON. Throws MalformedDraw. */
export function parseHeader(value: unknown, sha256: Sha256): DisclosureHeader {
  const rules = parseRules((value as { rules?: unknown } | null)?.rules, sha256);
  const common = ["format", "rules", "lastHead"] as const;
  const names = rules.mode === "draw" ? ([...common, "secret", "announcement", "publicValue"] as const) : common;
  const fields = fieldsOf<string>("the header", value, names);
  oneOf("format", fields["format"], [disclosureFormat]);
  const lastHead = parseSignedHead(fields["lastHead"], "lastHead");
  if (rules.mode === "queue") return { rules, lastHead };
  return {
    rules,
    secret: hexField("secret", fields["secret"], secretBytes),
    announcement: parseAnnouncement(fields["announcement"]),
    publicValue: parsePublicValue("publicValue", fields["publicValue"], rules.publicValue),
    lastHead,
  };
}
