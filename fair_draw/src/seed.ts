import { join } from "./bytes.ts";
import { sha256 as defaultSha256, type Sha256 } from "./sha256.ts";
import { tags } from "./tags.ts";

export interface SeedParts {
  /** The hash of the rules. */
  readonly rules: Uint8Array;
  readonly secret: Uint8Array;
  readonly root: Uint8Array;
  /** `publicValueBytes` of the public value. */
  readonly publicValue: Uint8Array;
}

export const seedOf = ({ rules, secret, root, publicValue }: SeedParts, sha256: Sha256 = defaultSha256): Uint8Array =>
  sha256(join(tags.seed, rules, secret, root, sha256(publicValue)));

/** What decides the place of a drawn entry: the lowest score comes first. */
export const scoreOf = (seed: Uint8Array, leaf: Uint8Array, sha256: Sha256 = defaultSha256): Uint8Array =>
  sha256(join(tags.score, seed, leaf));
