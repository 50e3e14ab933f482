import { createPrivateKey, sign } from "node:crypto";
import type { Sign } from "fair-draw";

/** What stands before a private key of 32 bytes in its standard form (RFC 8410). */
const prefix = Buffer.from("302e020100300506032b657004220420", "hex");

/** To make a key ready takes longer than to sign with it. */
const signers = new WeakMap<Uint8Array, Sign>();

/** Signs with the platform's Ed25519, which gives the same signatures as the one of JavaScript, and sooner. */
export function receiptSigner(privateKey: Uint8Array): Sign {
  let signer = signers.get(privateKey);
  if (signer === undefined) {
    signer = newSigner(privateKey);
    signers.set(privateKey, signer);
  }
  return signer;
}

function newSigner(privateKey: Uint8Array): Sign {
  const key = createPrivateKey({ key: Buffer.concat([prefix, privateKey]), format: "der", type: "pkcs8" });
  return (message) => sign(null, message, key);
}
