import { ed25519 } from "@noble/curves/ed25519.js";

export const ed25519KeyBytes = 32;
export const ed25519SignatureBytes = 64;

/** Signs with the private key of the receipts, as Ed25519 (RFC 8032). A server can give a faster one than `ed25519Signer`. */
export type Sign = (message: Uint8Array) => Uint8Array;

export const ed25519Signer =
  (secretKey: Uint8Array): Sign =>
  (message) =>
    ed25519.sign(message, secretKey);

export const ed25519PublicKey = (secretKey: Uint8Array): Uint8Array => ed25519.getPublicKey(secretKey);

/**
 * Strict, as RFC 8032 says: one text of a signature for one signature. A key of small order is refused: with it, a signature would hold
 * for other messages, too, and prove nothing.
 */
export const isSignedBy = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  ed25519.verify(signature, message, publicKey, { zip215: false });

export function isUsableKey(publicKey: Uint8Array): boolean {
  try {
    const point = ed25519.Point.fromBytes(publicKey, false);
    return point.isTorsionFree() && !point.isSmallOrder();
  } catch {
    return false;
  }
}
