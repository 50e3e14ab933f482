import { createHash, createPublicKey, type KeyObject, sign, verify } from "node:crypto";

/**
 * The protocol once more, written from its decision with Node's cryptography and without anything of the package. It keeps all in memory
 * and sorts by texts: slow, short and another way.
 */
export const sha256 = (...parts: readonly (Buffer | Uint8Array | string)[]): string => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};

const raw = (hexadecimal: string): Buffer => Buffer.from(hexadecimal, "hex");

function number32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

function number64(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(BigInt(value));
  return buffer;
}

/** Sorted names, for values without surrogates: RFC 8785. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([left], [right]) => (left < right ? -1 : 1)))
      : member,
  );

export interface PlainEntry {
  readonly number: number;
  readonly pseudonym: string;
  readonly time: number;
}

export const rulesHash = (rules: unknown): string => sha256("\x06", canonical(rules));
export const commitment = (secret: string): string => sha256("fair-draw/secret", raw(secret));

export const leaf = (rules: string, { number, pseudonym, time }: PlainEntry): string =>
  sha256(raw("00"), raw(rules), number32(number), raw(pseudonym), number64(time));

export const head = (rules: string, leaves: readonly string[]): string =>
  leaves.reduce((before, each) => sha256(raw("02"), raw(before), raw(each)), rules);

/** RFC 6962, section 2.1, top down: the left part is the largest power of two that is less than the count. */
export function root(leaves: readonly string[]): string {
  if (leaves.length === 0) return sha256("");
  if (leaves.length === 1) return leaves[0] as string;
  let left = 1;
  while (left * 2 < leaves.length) left *= 2;
  return sha256(raw("01"), raw(root(leaves.slice(0, left))), raw(root(leaves.slice(left))));
}

export const seed = (rules: string, secret: string, theRoot: string, publicValue: string): string =>
  sha256(raw("04"), raw(rules), raw(secret), raw(theRoot), raw(sha256(raw(publicValue))));

/** The places from 1 in the order of the numbers. */
export function places(theSeed: string, leaves: readonly string[]): number[] {
  const scores = leaves.map((each) => sha256(raw("05"), raw(theSeed), raw(each)));
  const sorted = [...scores].sort();
  return scores.map((score) => sorted.indexOf(score) + 1);
}

export const witnessMessage = (rules: string, theRoot: string): string =>
  sha256("fair-draw/witness", raw(rules), raw(theRoot));

export const messages = {
  receipt: (theLeaf: string): string => `03${theLeaf}`,
  head: (rules: string, number: number, theHead: string): string =>
    `07${rules}${number32(number).toString("hex")}${theHead}`,
  announcement: (rules: string, count: number, theRoot: string, theHead: string): string =>
    `08${rules}${number32(count).toString("hex")}${theRoot}${theHead}`,
};

export const signHex = (key: KeyObject, message: string): string => sign(null, raw(message), key).toString("hex");

export const isSigned = (publicKey: string, message: string, signature: string): boolean =>
  verify(
    null,
    raw(message),
    createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: raw(publicKey).toString("base64url") }, format: "jwk" }),
    raw(signature),
  );
