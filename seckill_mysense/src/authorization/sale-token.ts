import { readSignedText, type SignedTextFailure, signText } from "./signed-text.ts";
import { deriveSigningKey, type SigningChoice, type SigningKey } from "./signing-key.ts";
import { VerifiedTokens } from "./verified-tokens.ts";

/** What a token grants: one reservation of one product by one user, in a window of time (Unix milliseconds). */
export interface SaleTokenClaims {
  readonly saleId: string;
  readonly productId: string;
  readonly userId: string;
  readonly notBeforeMs: number;
  readonly expiresAtMs: number;
  readonly reservationId: string;
  /** Place in the waiting room's queue; 0 where there is no waiting room. */
  readonly queuePosition: number;
}

/** An array, not an object: names would double the length of what every request carries. */
type Payload = [string, string, string, number, number, string, number];

/** Tokens whose verification is remembered. */
const rememberedTokens = 16_384;

/** Tokens of all sales that this process knows. With two secrets, the chosen one signs and both verify. */
export class SaleTokens {
  readonly #secrets: readonly string[];
  readonly #choice: SigningChoice;
  /** One key for each secret, by sale. */
  readonly #signing = new Map<string, readonly SigningKey[]>();
  readonly #verifying = new Map<string, SigningKey>();
  readonly #verified = new VerifiedTokens<SaleTokenClaims>(rememberedTokens);

  constructor(secrets: readonly string[], choice: SigningChoice = { index: 0 }) {
    this.#secrets = secrets;
    this.#choice = choice;
  }

  /** Keys are derived here and not on demand: a stranger's token must not be able to make this map grow. */
  setSales(saleIds: Iterable<string>): void {
    const wanted = new Set(saleIds);
    for (const [id, key] of this.#verifying) {
      if (wanted.has(key.subject)) continue;
      this.#verifying.delete(id);
      this.#verified.clear();
    }
    for (const saleId of this.#signing.keys()) if (!wanted.has(saleId)) this.#signing.delete(saleId);
    for (const saleId of wanted) if (!this.#signing.has(saleId)) this.#addSale(saleId);
  }

  #addSale(saleId: string): void {
    const keys = this.#secrets.map((secret) => deriveSigningKey(secret, "sale-token", saleId));
    for (const key of keys) this.#verifying.set(key.id, key);
    this.#signing.set(saleId, keys);
  }

  /** @throws when the sale is not among those of `setSales`. */
  issue(claims: SaleTokenClaims): string {
    const key = this.#signing.get(claims.saleId)?.[this.#choice.index];
    if (key === undefined) throw new Error(`no signing key for sale ${claims.saleId}`);
    const payload: Payload = [
      claims.saleId,
      claims.productId,
      claims.userId,
      claims.notBeforeMs,
      claims.expiresAtMs,
      claims.reservationId,
      claims.queuePosition,
    ];
    return signText(key, JSON.stringify(payload));
  }

  /**
   * As `read`, for a text that a token comes in (a header's value), which `tokenOf` takes it out of. What was verified is
   * remembered by the whole text: it is there without having been cut.
   */
  readFrom(
    text: string,
    tokenOf: (text: string) => string | undefined,
  ): SaleTokenClaims | SignedTextFailure | undefined {
    const known = this.#verified.get(text);
    if (known !== undefined) return known;
    const token = tokenOf(text);
    if (token === undefined) return undefined;
    const claims = this.read(token);
    if (typeof claims !== "string") this.#verified.add(text, claims);
    return claims;
  }

  /**
   * The claims, or the code of what is wrong. No I/O. The two times are the caller's to judge: /check keeps to both,
   * while reading one's reservation is allowed before and after.
   */
  read(token: string): SaleTokenClaims | SignedTextFailure {
    const read = readSignedText(token, this.#verifying);
    if (typeof read === "string") return read;
    const payload = JSON.parse(read.payload) as Payload;
    return {
      saleId: payload[0],
      productId: payload[1],
      userId: payload[2],
      notBeforeMs: payload[3],
      expiresAtMs: payload[4],
      reservationId: payload[5],
      queuePosition: payload[6],
    };
  }
}
