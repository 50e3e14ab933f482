import { bls12_381 } from "@noble/curves/bls12-381.js";
import { areEqual } from "../bytes.ts";

/** BLS signatures on the curve BLS12-381: for one key and message there is one signature. */
export interface Bls {
  readonly keyBytes: number;
  readonly signatureBytes: number;
  readonly isKey: (key: Uint8Array) => boolean;
  readonly isSignedBy: (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;
}

const [g1Bytes, g2Bytes] = [48, 96];

/** Signatures on G1 and keys on G2, as in RFC 9380 and drand's "quicknet". */
export const shortBls: Bls = {
  keyBytes: g2Bytes,
  signatureBytes: g1Bytes,
  isKey: (key) => orFalse(() => isPoint(bls12_381.G2.Point.fromBytes(key), key)),
  isSignedBy: (key, message, signature) =>
    orFalse(() => {
      const { shortSignatures: short, G1, G2 } = bls12_381;
      const point = G1.Point.fromBytes(signature);
      return isPoint(point, signature) && short.verify(point, short.hash(message), G2.Point.fromBytes(key));
    }),
};

/** Signatures on G2 and keys on G1, as in drand's older chains. */
export const longBls: Bls = {
  keyBytes: g1Bytes,
  signatureBytes: g2Bytes,
  isKey: (key) => orFalse(() => isPoint(bls12_381.G1.Point.fromBytes(key), key)),
  isSignedBy: (key, message, signature) =>
    orFalse(() => {
      const { longSignatures: long, G1, G2 } = bls12_381;
      const point = G2.Point.fromBytes(signature);
      return isPoint(point, signature) && long.verify(point, long.hash(message), G1.Point.fromBytes(key));
    }),
};

interface Point {
  is0(): boolean;
  assertValidity(): void;
  toBytes(): Uint8Array;
}

/** In the group, not zero, and in the one form that it has: a second form would be a second public value for one signature. */
function isPoint(point: Point, bytes: Uint8Array): boolean {
  point.assertValidity();
  return !point.is0() && areEqual(point.toBytes(), bytes);
}

/** The library throws for bytes that are no point. */
function orFalse(question: () => boolean): boolean {
  try {
    return question();
  } catch {
    return false;
  }
}

/** What a witness runs: signs a message, such as `witnessMessage`, with its secret key of 32 bytes. */
export function blsSign(message: Uint8Array, secretKey: Uint8Array): Uint8Array {
  const { shortSignatures: short } = bls12_381;
  return short.sign(short.hash(message), secretKey).toBytes();
}

/** The public key of a witness. */
export const blsPublicKey = (secretKey: Uint8Array): Uint8Array =>
  bls12_381.shortSignatures.getPublicKey(secretKey).toBytes();
