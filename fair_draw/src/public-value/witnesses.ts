import { fromHex, hex, join, utf8 } from "../bytes.ts";
import { fieldsOf, hexField, textField } from "../fields.ts";
import { MalformedDraw, shown } from "../malformed.ts";
import { sha256 as defaultSha256, type Sha256 } from "../sha256.ts";
import { blsSign, shortBls } from "./bls.ts";

export interface Witness {
  readonly name: string;
  /** A BLS key on G2. */
  readonly key: string;
}

export interface WitnessesSource {
  readonly kind: "witnesses";
  readonly witnesses: readonly Witness[];
}

const maxWitnesses = 20;
const maxName = 100;

export function parseWitnessesSource(what: string, value: unknown): WitnessesSource {
  const { witnesses: given } = fieldsOf(what, value, ["kind", "witnesses"]);
  if (!Array.isArray(given) || given.length === 0 || given.length > maxWitnesses) {
    throw new MalformedDraw(
      `${what}.witnesses is ${shown(given)}; it must be a list of 1 to ${maxWitnesses} witnesses`,
    );
  }
  const witnesses = given.map((each, index) => parseWitness(`${what}.witnesses[${index}]`, each));
  for (const field of ["name", "key"] as const) {
    const values = witnesses.map((witness) => witness[field]);
    const twice = values.find((each, index) => values.indexOf(each) !== index);
    if (twice !== undefined) throw new MalformedDraw(`${what}.witnesses has the ${field} ${shown(twice)} twice`);
  }
  return { kind: "witnesses", witnesses };
}

function parseWitness(what: string, value: unknown): Witness {
  const fields = fieldsOf(what, value, ["name", "key"]);
  const name = textField(`${what}.name`, fields.name, maxName);
  const key = hexField(`${what}.key`, fields.key, shortBls.keyBytes);
  if (!shortBls.isKey(fromHex(key))) throw new MalformedDraw(`${what}.key is not a point of G2`);
  return { name, key };
}

/** Signatures in the order of the witnesses in the rules. */
export interface WitnessesValue {
  readonly kind: "witnesses";
  readonly signatures: readonly string[];
}

export function parseWitnessesValue(what: string, value: unknown, { witnesses }: WitnessesSource): WitnessesValue {
  const { signatures } = fieldsOf(what, value, ["kind", "signatures"]);
  if (!Array.isArray(signatures) || signatures.length !== witnesses.length) {
    const wanted = `one signature for each of the ${witnesses.length} witnesses`;
    throw new MalformedDraw(`${what}.signatures is ${shown(signatures)}; it must be a list with ${wanted}`);
  }
  const parsed = signatures.map((each, index) =>
    hexField(`${what}.signatures[${index}]`, each, shortBls.signatureBytes),
  );
  return { kind: "witnesses", signatures: parsed };
}

/** What the witnesses of a draw sign. */
export const witnessMessage = (rules: Uint8Array, root: Uint8Array, sha256: Sha256 = defaultSha256): Uint8Array =>
  sha256(join(utf8("fair-draw/witness"), rules, root));

/**
 * What a witness runs. It must sign one root for one draw only, and only after the announcement with this root is public: whoever gets
 * signatures for two roots can choose between two orders.
 */
export const signAsWitness = (message: Uint8Array, secretKey: Uint8Array): string => hex(blsSign(message, secretKey));

/** The witness that has not signed, if any. */
export const missingWitness = (
  { witnesses }: WitnessesSource,
  { signatures }: WitnessesValue,
  message: Uint8Array,
): Witness | undefined =>
  witnesses.find(({ key }, index) => !shortBls.isSignedBy(fromHex(key), message, fromHex(signatures[index] as string)));
