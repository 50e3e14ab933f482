import { fromHex, join } from "../bytes.ts";
import { fieldsOf, oneOf } from "../fields.ts";
import { sha256 as defaultSha256, type Sha256 } from "../sha256.ts";
import { type DrandSource, type DrandValue, isSignedRound, parseDrandSource, parseDrandValue } from "./drand.ts";
import {
  missingWitness,
  parseWitnessesSource,
  parseWitnessesValue,
  type WitnessesSource,
  type WitnessesValue,
  witnessMessage,
} from "./witnesses.ts";

export interface NoSource {
  readonly kind: "none";
}

/** Where the value comes from that nobody knows before the entry closes. */
export type PublicValueSource = NoSource | WitnessesSource | DrandSource;

export type PublicValue = NoSource | WitnessesValue | DrandValue;

const kindOf = (what: string, value: unknown): PublicValueSource["kind"] =>
  oneOf(`${what}.kind`, (value as { kind?: unknown } | null)?.kind, ["none", "witnesses", "drand"] as const);

export function parsePublicValueSource(what: string, value: unknown, sha256: Sha256): PublicValueSource {
  switch (kindOf(what, value)) {
    case "none":
      return parseNone(what, value);
    case "witnesses":
      return parseWitnessesSource(what, value);
    case "drand":
      return parseDrandSource(what, value, sha256);
  }
}

function parseNone(what: string, value: unknown): NoSource {
  fieldsOf(what, value, ["kind"]);
  return { kind: "none" };
}

/** Throws MalformedDraw if the value is not one of the source's kind. Whether it is signed is another question. */
export function parsePublicValue(what: string, value: unknown, source: PublicValueSource): PublicValue {
  oneOf(`${what}.kind`, kindOf(what, value), [source.kind]);
  switch (source.kind) {
    case "none":
      return parseNone(what, value);
    case "witnesses":
      return parseWitnessesValue(what, value, source);
    case "drand":
      return parseDrandValue(what, value, source);
  }
}

/** The bytes whose hash goes into the seed. The hash of drand's signature is what drand calls the randomness of the round. */
export function publicValueBytes(value: PublicValue): Uint8Array {
  switch (value.kind) {
    case "none":
      return new Uint8Array(0);
    case "witnesses":
      return join(...value.signatures.map(fromHex));
    case "drand":
      return fromHex(value.signature);
  }
}

export interface PublicValueQuestion {
  readonly source: PublicValueSource;
  readonly value: PublicValue;
  /** The hash of the rules. */
  readonly rules: Uint8Array;
  readonly root: Uint8Array;
}

/** Why the value is not the one that the rules ask for; undefined if it is. Computing it takes some 10 milliseconds for each key. */
export function publicValueProblem(
  { source, value, rules, root }: PublicValueQuestion,
  sha256: Sha256 = defaultSha256,
): string | undefined {
  if (source.kind === "drand" && value.kind === "drand") {
    if (isSignedRound(source, value, sha256)) return undefined;
    return `the signature is not that of round ${source.round} of the chain ${source.chainHash}`;
  }
  if (source.kind === "witnesses" && value.kind === "witnesses") {
    const missing = missingWitness(source, value, witnessMessage(rules, root, sha256));
    return missing && `the witness ${JSON.stringify(missing.name)} has not signed this root for these rules`;
  }
  return source.kind === value.kind ? undefined : `the rules ask for ${source.kind}, and this is ${value.kind}`;
}
