import type { SigningKey } from "./signing-key.ts";

/**
 * Signed text: `v1.<key id>.<payload>.<mac>`, all parts but the version in base64url. The version fixes the algorithm.
 * The text never names it, so that an attacker cannot choose a weaker one.
 */
const version = "v1";
/**
 * Limits the work that a forged text can cause. The longest token, for a bundle of eight products whose ids are as long as
 * ids may be, has less than 1,200 characters.
 */
export const maxSignedTextLength = 1_280;
const macLength = 43;
/** A shared buffer to decode payloads: a new buffer for each request costs as much as the signature (measured). */
const decoded = Buffer.alloc(maxSignedTextLength);

export type SignedTextFailure = "token_malformed" | "token_unknown_key" | "token_forged";

export function signText(key: SigningKey, payload: string): string {
  const signed = `${version}.${key.id}.${Buffer.from(payload).toString("base64url")}`;
  return `${signed}.${key.sign(signed)}`;
}

/**
 * The payload and the key that signed it, or the failure code. `keys` are by id. The payload is not read before the MAC
 * is verified.
 */
export function readSignedText(
  text: string,
  keys: ReadonlyMap<string, SigningKey>,
): { readonly key: SigningKey; readonly payload: string } | SignedTextFailure {
  if (text.length > maxSignedTextLength || !text.startsWith("v1.")) return "token_malformed";
  const keyEnd = text.indexOf(".", 3);
  const payloadEnd = text.indexOf(".", keyEnd + 1);
  if (keyEnd < 4 || payloadEnd < keyEnd + 2 || text.length - payloadEnd - 1 !== macLength) return "token_malformed";
  const key = keys.get(text.slice(3, keyEnd));
  if (key === undefined) return "token_unknown_key";
  if (!endsWithMac(text, payloadEnd + 1, key.sign(text.slice(0, payloadEnd)))) return "token_forged";
  const payloadBytes = decoded.write(text.slice(keyEnd + 1, payloadEnd), "base64url");
  return { key, payload: decoded.toString("utf8", 0, payloadBytes) };
}

/**
 * Compares in constant time: every character is compared, even after a difference. Characters are compared, not the
 * decoded bytes, so that each token has exactly one valid spelling.
 */
function endsWithMac(text: string, start: number, mac: string): boolean {
  let difference = 0;
  for (let index = 0; index < macLength; index++) {
    difference |= text.charCodeAt(start + index) ^ mac.charCodeAt(index);
  }
  return difference === 0;
}
