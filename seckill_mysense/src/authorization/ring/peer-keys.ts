import { deriveSigningKey, type SigningKey } from "../signing-key.ts";
import { RecordSeal } from "./record-seal.ts";

/** The two sides of a connection, each with a random nonce. */
export interface Greeting {
  readonly listenerNonce: string;
  readonly callerNonce: string;
  readonly listenerName: string;
  readonly callerName: string;
  /** The ids of the keys that each side says it knows. */
  readonly listenerKeys: readonly string[];
  readonly callerKeys: readonly string[];
}

/** The side that proves itself. It is part of the proof, so that one side cannot repeat the other's proof. */
export type PeerSide = "caller" | "listener";

/**
 * The keys by which gateways know each other, derived from the project's secrets: the first is the one that tokens are
 * to be signed with. Two gateways need one key in common, so that they stay together while the secret is changed.
 */
export class PeerKeys {
  /** In the order of the secrets. */
  readonly ids: readonly string[];
  readonly #keys: ReadonlyMap<string, SigningKey>;

  constructor(secrets: readonly string[]) {
    const keys = secrets.map((secret) => deriveSigningKey(secret, "gateway-peer", ""));
    this.ids = keys.map(({ id }) => id);
    this.#keys = new Map(keys.map((key) => [key.id, key]));
  }

  /** The first of our keys that the other side knows too. */
  shared(idsOfOther: readonly string[]): string | undefined {
    return this.ids.find((id) => idsOfOther.includes(id));
  }

  prove(side: PeerSide, keyId: string, greeting: Greeting): string {
    return this.#sign(side, keyId, greeting);
  }

  /** The seal of one side's records, on the connection of this greeting. */
  seal(side: PeerSide, keyId: string, greeting: Greeting): RecordSeal {
    return new RecordSeal(Buffer.from(this.#sign(`records of the ${side}`, keyId, greeting), "base64url"));
  }

  #sign(purpose: string, keyId: string, greeting: Greeting): string {
    const key = this.#keys.get(keyId);
    if (key === undefined) throw new Error(`no peer key ${keyId}`);
    const { listenerNonce, callerNonce, listenerName, callerName, listenerKeys, callerKeys } = greeting;
    const names = [listenerNonce, callerNonce, listenerName, callerName];
    return key.sign(JSON.stringify([purpose, ...names, listenerKeys, callerKeys]));
  }

  /** Takes the same time wherever the texts differ, so that time reveals nothing. */
  isProof(proof: string, side: PeerSide, keyId: string, greeting: Greeting): boolean {
    if (!this.#keys.has(keyId)) return false;
    const wanted = this.prove(side, keyId, greeting);
    let difference = proof.length ^ wanted.length;
    for (let at = 0; at < wanted.length; at++) difference |= proof.charCodeAt(at) ^ wanted.charCodeAt(at);
    return difference === 0;
  }
}

const nonceBytes = 18;

export function newNonce(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(nonceBytes))).toString("base64url");
}
