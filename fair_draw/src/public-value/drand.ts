import { fromHex, hashBytes, hex, join, u32, u64, utf8 } from "../bytes.ts";
import { fieldsOf, hexField, integerField, maxU32, oneOf, textField } from "../fields.ts";
import { MalformedDraw } from "../malformed.ts";
import type { Sha256 } from "../sha256.ts";
import { type Bls, longBls, shortBls } from "./bls.ts";

/** How a chain of drand signs: the library of its nodes calls this the scheme. */
interface Scheme {
  readonly bls: Bls;
  /** The signature of a round is over the signature of the round before, too. */
  readonly isChained: boolean;
}

export const drandSchemes = {
  "bls-unchained-g1-rfc9380": { bls: shortBls, isChained: false },
  "pedersen-bls-unchained": { bls: longBls, isChained: false },
  "pedersen-bls-chained": { bls: longBls, isChained: true },
} as const satisfies Record<string, Scheme>;

export type DrandScheme = keyof typeof drandSchemes;

/** A public beacon, as its nodes describe it at `/info`. The hash names the chain, and follows from the rest. */
export interface DrandChain {
  readonly chainHash: string;
  readonly scheme: DrandScheme;
  readonly publicKey: string;
  readonly periodSeconds: number;
  /** The time of round 1, in Unix seconds. */
  readonly genesisTimeSeconds: number;
  readonly groupHash: string;
  readonly beaconId: string;
}

export interface DrandSource extends DrandChain {
  readonly kind: "drand";
  readonly round: number;
}

/** The League of Entropy's chain with a round every three seconds, which is meant for new users. */
export const quicknet: DrandChain = {
  chainHash: "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
  scheme: "bls-unchained-g1-rfc9380",
  publicKey:
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
  periodSeconds: 3,
  genesisTimeSeconds: 1692803367,
  groupHash: "f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e",
  beaconId: "quicknet",
};

const maxBeaconId = 100;
/** The last moment that JavaScript has a date for, in Unix milliseconds. */
const maxDate = 8.64e15;

export function parseDrandSource(what: string, value: unknown, sha256: Sha256): DrandSource {
  const names = ["kind", "round", ...(Object.keys(quicknet) as (keyof DrandChain)[])] as const;
  const fields = fieldsOf(what, value, names);
  const scheme = oneOf(`${what}.scheme`, fields.scheme, Object.keys(drandSchemes) as DrandScheme[]);
  const { bls } = drandSchemes[scheme];
  const source: DrandSource = {
    kind: "drand",
    round: integerField(`${what}.round`, fields.round, 1),
    chainHash: hexField(`${what}.chainHash`, fields.chainHash, hashBytes),
    scheme,
    publicKey: hexField(`${what}.publicKey`, fields.publicKey, bls.keyBytes),
    periodSeconds: integerField(`${what}.periodSeconds`, fields.periodSeconds, 1, maxU32),
    genesisTimeSeconds: integerField(`${what}.genesisTimeSeconds`, fields.genesisTimeSeconds, 0),
    groupHash: hexField(`${what}.groupHash`, fields.groupHash, hashBytes),
    beaconId: textField(`${what}.beaconId`, fields.beaconId, maxBeaconId),
  };
  if (drandRoundTime(source) > maxDate)
    throw new MalformedDraw(`${what}.round is ${source.round}, which is too far in the future`);
  if (!bls.isKey(fromHex(source.publicKey))) throw new MalformedDraw(`${what}.publicKey is not a key of ${scheme}`);
  const chainHash = chainHashOf(source, sha256);
  if (source.chainHash !== chainHash) {
    throw new MalformedDraw(`${what}.chainHash is ${source.chainHash}, but the other fields make ${chainHash}`);
  }
  return source;
}

/** As drand's nodes compute it. It names the key, the times and the first group, so that one hash is enough to know a chain. */
function chainHashOf(chain: DrandChain, sha256: Sha256): string {
  const { periodSeconds, genesisTimeSeconds, publicKey, groupHash, beaconId } = chain;
  // The first chain had no name, and keeps its hash.
  const name = beaconId === "default" ? "" : beaconId;
  const times = [u32(periodSeconds), u64(genesisTimeSeconds)];
  return hex(sha256(join(...times, fromHex(publicKey), fromHex(groupHash), utf8(name))));
}

/** When the chain signs this round, in Unix milliseconds. */
export const drandRoundTime = ({ genesisTimeSeconds, periodSeconds, round }: DrandChain & { round: number }): number =>
  1000 * (genesisTimeSeconds + (round - 1) * periodSeconds);

/** The first round that is signed after a moment in Unix milliseconds. */
export const drandRoundAfter = ({ genesisTimeSeconds, periodSeconds }: DrandChain, timeMs: number): number =>
  Math.max(1, Math.floor((timeMs / 1000 - genesisTimeSeconds) / periodSeconds) + 2);

export interface DrandValue {
  readonly kind: "drand";
  readonly signature: string;
  /** Of the round before. Chained schemes have it, and others do not. */
  readonly previousSignature?: string;
}

export function parseDrandValue(what: string, value: unknown, { scheme, round }: DrandSource): DrandValue {
  const { bls, isChained } = drandSchemes[scheme];
  const names = ["kind", "signature", ...(isChained ? (["previousSignature"] as const) : [])] as const;
  const fields = fieldsOf(what, value, names);
  const signature = hexField(`${what}.signature`, fields.signature, bls.signatureBytes);
  if (!isChained) return { kind: "drand", signature };
  // Before round 1 there is the hash of the first group.
  const length = round === 1 ? hashBytes : bls.signatureBytes;
  const previousSignature = hexField(`${what}.previousSignature`, fields.previousSignature, length);
  return { kind: "drand", signature, previousSignature };
}

export function isSignedRound(source: DrandSource, value: DrandValue, sha256: Sha256): boolean {
  const { bls } = drandSchemes[source.scheme];
  const message = sha256(join(fromHex(value.previousSignature ?? ""), u64(source.round)));
  return bls.isSignedBy(fromHex(source.publicKey), message, fromHex(value.signature));
}
