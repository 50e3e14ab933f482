import { fromHex, hashBytes, join, utf8 } from "./bytes.ts";
import { canonicalJson } from "./canonical-json.ts";
import { ed25519KeyBytes, isUsableKey } from "./ed25519.ts";
import { fieldsOf, hexField, integerField, maxU32, oneOf, textField } from "./fields.ts";
import { MalformedDraw } from "./malformed.ts";
import { drandRoundTime } from "./public-value/drand.ts";
import { parsePublicValueSource, type PublicValueSource } from "./public-value/public-value.ts";
import { sha256 as defaultSha256, type Sha256 } from "./sha256.ts";
import { tags } from "./tags.ts";

const rulesFormat = "fair-draw/rules/1";
export const secretBytes = 32;
const maxRoom = 200;

/** What the shop publishes before the entry opens. Keys and hashes are hexadecimal digits in lower case. */
export interface DrawRules {
  readonly format: typeof rulesFormat;
  readonly mode: "draw";
  readonly room: string;
  /** Moments are Unix milliseconds by the clock that gives entries their times. */
  readonly opensAt: number;
  /** Entries with an earlier time are drawn; entries with this or a later time stand behind them. */
  readonly closesAt: number;
  /** The Ed25519 key that signs receipts, heads and the announcement. */
  readonly receiptKey: string;
  readonly commitment: string;
  readonly publicValue: PublicValueSource;
  /** How many of the drawn entries win, those with the first places; not there if all are served in their order. */
  readonly winners?: number;
}

/** Without a draw: all stand in the order in which they came. */
export interface QueueRules {
  readonly format: typeof rulesFormat;
  readonly mode: "queue";
  readonly room: string;
  readonly opensAt: number;
  readonly receiptKey: string;
}

export type Rules = DrawRules | QueueRules;

/** Reads rules from JSON that others wrote, or from settings. Throws MalformedDraw. */
export function parseRules(value: unknown, sha256: Sha256 = defaultSha256): Rules {
  const mode = oneOf("rules.mode", (value as { mode?: unknown } | null)?.mode, ["draw", "queue"] as const);
  const common = ["format", "mode", "room", "opensAt", "receiptKey"] as const;
  const hasWinners = mode === "draw" && Object.hasOwn(value as object, "winners");
  const ofDraw = ["closesAt", "commitment", "publicValue", ...(hasWinners ? ["winners"] : [])];
  const fields = fieldsOf<string>("rules", value, mode === "draw" ? [...common, ...ofDraw] : common);
  const shared = {
    format: oneOf("rules.format", fields["format"], [rulesFormat] as const),
    room: textField("rules.room", fields["room"], maxRoom),
    opensAt: integerField("rules.opensAt", fields["opensAt"], 0),
    receiptKey: hexField("rules.receiptKey", fields["receiptKey"], ed25519KeyBytes),
  };
  if (!isUsableKey(fromHex(shared.receiptKey))) {
    throw new MalformedDraw(`rules.receiptKey is ${shared.receiptKey}, which is not a usable key of Ed25519`);
  }
  if (mode === "queue") return { ...shared, mode };
  const closesAt = integerField("rules.closesAt", fields["closesAt"], shared.opensAt + 1);
  const commitment = hexField("rules.commitment", fields["commitment"], hashBytes);
  const publicValue = parsePublicValueSource("rules.publicValue", fields["publicValue"], sha256);
  if (publicValue.kind === "drand" && drandRoundTime(publicValue) <= closesAt) {
    // Who knows the value before the entry closes can choose entries until the order is the wanted one.
    const moments = `comes at ${drandRoundTime(publicValue)}, and the entry closes at ${closesAt}`;
    throw new MalformedDraw(`rules.publicValue.round is ${publicValue.round}, which ${moments}; it must come later`);
  }
  const drawn = { ...shared, mode, closesAt, commitment, publicValue };
  return hasWinners ? { ...drawn, winners: integerField("rules.winners", fields["winners"], 1, maxU32) } : drawn;
}

/** The one text of these rules, which is hashed and published. */
export const canonicalRules = (rules: Rules): string => canonicalJson(rules);

/** The name of the rules in all later statements. */
export const hashRules = (rules: Rules, sha256: Sha256 = defaultSha256): Uint8Array =>
  sha256(join(tags.rules, utf8(canonicalRules(rules))));

/** @param secret 32 random bytes, kept until the draw is disclosed */
export const commitmentOf = (secret: Uint8Array, sha256: Sha256 = defaultSha256): Uint8Array =>
  sha256(join(utf8("fair-draw/secret"), secret));
