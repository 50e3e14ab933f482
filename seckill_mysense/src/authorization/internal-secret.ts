import { timingSafeEqual } from "node:crypto";

/** The secret that other programs send to use internal endpoints. An empty secret closes these endpoints. */
export class InternalSecret {
  readonly #hash: Uint8Array | undefined;

  constructor(secret: string) {
    this.#hash = secret === "" ? undefined : hashOf(secret);
  }

  /** Compares in constant time. */
  isRight(shown: string | undefined): boolean {
    if (this.#hash === undefined || shown === undefined || shown.length > 1_024) return false;
    return timingSafeEqual(this.#hash, hashOf(shown));
  }
}

/** Hashed, because the comparison needs two values of the same length. */
const hashOf = (text: string): Uint8Array => new Bun.CryptoHasher("sha256").update(text).digest();
