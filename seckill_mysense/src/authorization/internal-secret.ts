import { timingSafeEqual } from "node:crypto";

/** What programs that may ask internal addresses show. Empty: nobody may. */
export class InternalSecret {
  readonly #hash: Uint8Array | undefined;

  constructor(secret: string) {
    this.#hash = secret === "" ? undefined : hashOf(secret);
  }

  /** Takes the same time whatever differs. */
  isRight(shown: string | undefined): boolean {
    if (this.#hash === undefined || shown === undefined || shown.length > 1_024) return false;
    return timingSafeEqual(this.#hash, hashOf(shown));
  }
}

/** Hashes are of one length, as the comparison needs it. */
const hashOf = (text: string): Uint8Array => new Bun.CryptoHasher("sha256").update(text).digest();
