import { join } from "./bytes.ts";
import { sha256 as defaultSha256, type Sha256 } from "./sha256.ts";
import { tags } from "./tags.ts";

/**
 * The root of RFC 6962's tree, leaf by leaf. Only the roots of full subtrees are kept, one for each bit of the count: 20 hashes for a million
 * entries.
 */
export class MerkleRoot {
  readonly #sha256: Sha256;
  /** From the largest to the smallest: their sizes are the bits of the count. */
  readonly #subtrees: Uint8Array[] = [];
  #count = 0;

  constructor(sha256: Sha256 = defaultSha256) {
    this.#sha256 = sha256;
  }

  get count(): number {
    return this.#count;
  }

  /** @param leaf the hash of a leaf, which `leafOf` gives */
  add(leaf: Uint8Array): void {
    this.#subtrees.push(leaf);
    this.#count++;
    for (let size = this.#count; size % 2 === 0; size /= 2) this.#joinLastTwo();
  }

  /** The root of what was added up to now. More may be added later. */
  root(): Uint8Array {
    // RFC 6962: the root of an empty tree is the hash of nothing.
    if (this.#count === 0) return this.#sha256(new Uint8Array(0));
    return this.#subtrees.reduceRight((right, left) => this.#node(left, right));
  }

  #joinLastTwo(): void {
    const right = this.#subtrees.pop() as Uint8Array;
    const left = this.#subtrees.pop() as Uint8Array;
    this.#subtrees.push(this.#node(left, right));
  }

  #node(left: Uint8Array, right: Uint8Array): Uint8Array {
    return this.#sha256(join(tags.node, left, right));
  }
}
