import { hkdfSync } from "node:crypto";

/** The purpose of a key. A signature made for one purpose never verifies for another. */
export type SigningPurpose =
  | "sale-token"
  | "session"
  | "reservation-id"
  | "invitation"
  | "invitation-code"
  | "gateway-peer"
  | "room-pass";

/** An HMAC-SHA256 key derived from the project's secret, with the public id that tokens carry. */
export interface SigningKey {
  /** Eight characters, base64url. It identifies the key and reveals nothing about it. */
  readonly id: string;
  readonly subject: string;
  /** The MAC of `text`: 43 characters, base64url. */
  sign(text: string): string;
}

/** The index of the secret that signs: the first, unless a gateway of the ring does not know it yet. */
export interface SigningChoice {
  index: number;
}

/** 32 bytes from the project's secret by HKDF-SHA256 (RFC 5869), different for each `info`. */
export function deriveBytes(secret: string, info: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, "seckill-mysense", info, 32));
}

/** `subject` narrows the purpose: the sale's id for sale tokens, so that one sale's key signs nothing else. */
export function deriveSigningKey(secret: string, purpose: SigningPurpose, subject: string): SigningKey {
  const keyed = new Bun.CryptoHasher("sha256", deriveBytes(secret, `${purpose}/key/${subject}`));
  const id = Buffer.from(deriveBytes(secret, `${purpose}/id/${subject}`))
    .toString("base64url")
    .slice(0, 8);
  return {
    id,
    subject,
    // Copying a keyed hasher avoids hashing the key's two pads for each token.
    sign: (text) => keyed.copy().update(text).digest("base64url"),
  };
}
