/**
 * Remembers the claims of verified tokens, in a table of fixed size. Buyers send the same token many times, and a
 * lookup costs a tenth of a verification. An overwritten entry costs one more verification. Whole tokens are compared,
 * so that no other text is taken for a verified one.
 */
export class VerifiedTokens<Claims> {
  readonly #tokens: (string | undefined)[];
  readonly #claims: (Claims | undefined)[];
  readonly #mask: number;

  /** `capacity` is rounded up to a power of two. An entry takes about half a kilobyte. */
  constructor(capacity: number) {
    const size = 2 ** Math.ceil(Math.log2(capacity));
    this.#tokens = new Array<string | undefined>(size).fill(undefined);
    this.#claims = new Array<Claims | undefined>(size).fill(undefined);
    this.#mask = size - 1;
  }

  get(token: string): Claims | undefined {
    const slot = this.#slot(token);
    return this.#tokens[slot] === token ? this.#claims[slot] : undefined;
  }

  add(token: string, claims: Claims): void {
    const slot = this.#slot(token);
    this.#tokens[slot] = token;
    this.#claims[slot] = claims;
  }

  /** Forgets everything, for example after keys have changed. */
  clear(): void {
    this.#tokens.fill(undefined);
    this.#claims.fill(undefined);
  }

  /** A token ends with its MAC, which is as good as random, so its last characters serve as the hash. */
  #slot(token: string): number {
    let hash = 0;
    for (let at = token.length - 8; at < token.length; at++) hash = Math.imul(hash, 31) ^ token.charCodeAt(at);
    return (hash ^ (hash >>> 15)) & this.#mask;
  }
}
