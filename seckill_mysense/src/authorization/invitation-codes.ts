import { readSignedText, type SignedTextFailure, signText } from "./signed-text.ts";
import { deriveSigningKey, type SigningKey } from "./signing-key.ts";

/** A code with which one user may buy in one sale. */
export interface InvitationCode {
  /** From 1, in its sale. */
  readonly number: number;
  /** The key of the name of the only user who may use it; undefined: whoever comes first with it. */
  readonly nameKey: string | undefined;
}

type Payload = [number: number, nameKey?: string];

/**
 * The codes of one sale. Their key is the sale's own, random and in the ledger: people keep a code for weeks, and the
 * project's secret is replaced at times. A code of another sale is as good as a forged one.
 */
export class InvitationCodes {
  readonly #key: SigningKey;
  readonly #keys: ReadonlyMap<string, SigningKey>;

  /** @param secret 32 bytes */
  constructor(secret: Uint8Array, saleId: string) {
    this.#key = deriveSigningKey(Buffer.from(secret).toString("hex"), "invitation-code", saleId);
    this.#keys = new Map([[this.#key.id, this.#key]]);
  }

  write({ number, nameKey }: InvitationCode): string {
    const payload: Payload = nameKey === undefined ? [number] : [number, nameKey];
    return signText(this.#key, JSON.stringify(payload));
  }

  /** No question to the ledger: a failure says what is wrong with the text. */
  read(text: string): InvitationCode | SignedTextFailure {
    const read = readSignedText(text, this.#keys);
    if (typeof read === "string") return read;
    const [number, nameKey] = JSON.parse(read.payload) as Payload;
    return { number, nameKey };
  }
}
