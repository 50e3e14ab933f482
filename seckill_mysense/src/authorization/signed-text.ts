import type { SigningKey } from "./signing-key.ts";

/**
 * Signed text: `v1.<key id>.<payload>.<mac>`, all base64url but the version. The algorithm is fixed by the version,
 * never named by the text, so that nobody can choose a weaker one.
 */
const version = "v1";
/** Bounds the work that a stranger's bytes can cause. */
export const maxSignedTextLength = 1024;
const macLength = 43;
/** Payloads are decoded here: a buffer of its own for each request was measured to cost as much as the signature. */
const decoded = Buffer.alloc(maxSignedTextLength);

export type SignedTextFailure = "token_malformed" | "token_unknown_key" | "token_forged";

export function signText(key: SigningKey, payload: string): string {
  const signed = `${version}.${key.id}.${Buffer.from(payload).toString("base64url")}`;
  return `${signed}.${key.sign(signed)}`;
}

/** The payload and the key that signed it, or what is wrong; `keys` are known by their ids. Nothing of the payload is read before its MAC is right. */
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
 * Constant-time in the content: every character is compared whatever the earlier ones were. The characters themselves
 * are compared, not the bytes that they decode to, so that there is exactly one spelling of each token.
 */
function endsWithMac(text: string, start: number, mac: string): boolean {
  let difference = 0;
  for (let index = 0; index < macLength; index++) {
    difference |= text.charCodeAt(start + index) ^ mac.charCodeAt(index);
  }
  return difference === 0;
}
