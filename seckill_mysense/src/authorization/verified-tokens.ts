/**
 * Remembers what tokens said that were found to be good, in a table of fixed size: a crowd asks again and again with
 * the same tokens, and looking one up costs a tenth of checking it. An entry that is overwritten costs one more check.
 * Only whole tokens are compared, so that no other text can pass for one that was verified.
 */
export class VerifiedTokens<Claims> {
  readonly #tokens: (string | undefined)[];
  readonly #claims: (Claims | undefined)[];
  readonly #mask: number;

  /** `capacity` is rounded up to a power of two; about half a kilobyte each. */
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

  /** Forgets everything: keys have changed. */
  clear(): void {
    this.#tokens.fill(undefined);
    this.#claims.fill(undefined);
  }

  /** The end of a token is its MAC, as good as random: its last characters are all the hash that is needed. */
  #slot(token: string): number {
    let hash = 0;
    for (let at = token.length - 8; at < token.length; at++) hash = Math.imul(hash, 31) ^ token.charCodeAt(at);
    return (hash ^ (hash >>> 15)) & this.#mask;
  }
}
