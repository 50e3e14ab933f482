import type { SessionMark } from "../domain/session-mark.ts";
import { maxSignedTextLength, readSignedText, type SignedTextFailure, signText } from "./signed-text.ts";
import { deriveSigningKey, type SigningChoice, type SigningKey } from "./signing-key.ts";
import { VerifiedTokens } from "./verified-tokens.ts";

/** A token grants one reservation of one product to one user, within a window of time (Unix milliseconds). */
export interface SaleTokenClaims {
  readonly saleId: string;
  readonly productId: string;
  /** Tokens for a bundle have parts instead of a product. */
  readonly parts?: undefined;
  readonly userId: string;
  readonly notBeforeMs: number;
  readonly expiresAtMs: number;
  readonly reservationId: string;
  /** The place in the queue of the waiting room; 0 without a waiting room. */
  readonly queuePosition: number;
  /** The session that got the token; undefined in a token of an earlier version. */
  readonly mark?: SessionMark | undefined;
}

/** Some units of one product, or of the bucket of it from which the user buys. */
export interface TokenPart {
  readonly productId: string;
  readonly quantity: number;
}

/** A token for a bundle grants units of several products, all or none of them. */
export interface BundleTokenClaims extends Omit<SaleTokenClaims, "productId" | "parts"> {
  readonly productId?: undefined;
  /** In the order in which they are reserved. */
  readonly parts: readonly TokenPart[];
}

export type TokenClaims = SaleTokenClaims | BundleTokenClaims;

/** An array, not an object: field names would double the size of the token, and every request carries one. */
type Payload = [string, string | PayloadPart[], string, number, number, string, number, string?, number?];
type PayloadPart = [productId: string, quantity: number];

/** The number of verified tokens that are remembered. */
const rememberedTokens = 16_384;
/** A token with `Bearer` in front. */
const longestRemembered = maxSignedTextLength + 16;

/**
 * Issues and reads tokens of all sales that this process knows. With two secrets, the chosen one signs and both verify.
 */
export class SaleTokens {
  readonly #secrets: readonly string[];
  readonly #choice: SigningChoice;
  /** By sale: one key for each secret. */
  readonly #signing = new Map<string, readonly SigningKey[]>();
  readonly #verifying = new Map<string, SigningKey>();
  readonly #verified = new VerifiedTokens<TokenClaims>(rememberedTokens);

  constructor(secrets: readonly string[], choice: SigningChoice = { index: 0 }) {
    this.#secrets = secrets;
    this.#choice = choice;
  }

  /** Derives the keys here and not on demand, so that forged tokens cannot make this map grow. */
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

  /** @throws if the sale was not passed to `setSales`. */
  issue(claims: TokenClaims): string {
    const key = this.#signing.get(claims.saleId)?.[this.#choice.index];
    if (key === undefined) throw new Error(`no signing key for sale ${claims.saleId}`);
    const payload: Payload = [
      claims.saleId,
      claims.parts === undefined ? claims.productId : claims.parts.map(encodePart),
      claims.userId,
      claims.notBeforeMs,
      claims.expiresAtMs,
      claims.reservationId,
      claims.queuePosition,
    ];
    if (claims.mark !== undefined) payload.push(claims.mark.sessionId, claims.mark.epoch);
    return signText(key, JSON.stringify(payload));
  }

  /**
   * Like `read`, for a text that contains a token, such as a header's value; `tokenOf` extracts the token. A verified
   * token is remembered by the whole text, so that a repeated request needs no extraction.
   */
  readFrom(text: string, tokenOf: (text: string) => string | undefined): TokenClaims | SignedTextFailure | undefined {
    const known = this.#verified.get(text);
    if (known !== undefined) return known;
    const token = tokenOf(text);
    if (token === undefined) return undefined;
    const claims = this.read(token);
    // Who has a token may put it behind kilobytes of blanks, and send each of thousands in this way.
    if (typeof claims !== "string" && text.length <= longestRemembered) this.#verified.add(text, claims);
    return claims;
  }

  /**
   * The claims, or the failure code. No I/O. The caller checks the two times: /check requires both, while reading a
   * reservation is allowed before the start and after the end.
   */
  read(token: string): TokenClaims | SignedTextFailure {
    const read = readSignedText(token, this.#verifying);
    if (typeof read === "string") return read;
    const payload = JSON.parse(read.payload) as Payload;
    const [saleId, product, userId, notBeforeMs, expiresAtMs, reservationId, queuePosition, sessionId, epoch = 0] =
      payload;
    const mark = sessionId === undefined ? undefined : { sessionId, epoch };
    if (typeof product !== "string") {
      return {
        ...{ saleId, userId, notBeforeMs, expiresAtMs, reservationId, queuePosition, mark },
        parts: product.map(([productId, quantity]) => ({ productId, quantity })),
      };
    }
    return { saleId, productId: product, userId, notBeforeMs, expiresAtMs, reservationId, queuePosition, mark };
  }
}

function encodePart({ productId, quantity }: TokenPart): PayloadPart {
  return [productId, quantity];
}
