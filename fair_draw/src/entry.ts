import { join, u32, u64 } from "./bytes.ts";
import { sha256 as defaultSha256, type Sha256 } from "./sha256.ts";
import { tags } from "./tags.ts";

export const pseudonymBytes = 16;

export interface Entry {
  /** From 1, without gaps. */
  readonly number: number;
  /** 16 bytes, which tell only the shop who it is. */
  readonly pseudonym: Uint8Array;
  /** Unix milliseconds. */
  readonly time: number;
}

/** The hash of an entry, and as such a leaf of RFC 6962's tree. */
export const leafOf = (rules: Uint8Array, entry: Entry, sha256: Sha256 = defaultSha256): Uint8Array =>
  sha256(join(tags.leaf, rules, u32(entry.number), entry.pseudonym, u64(entry.time)));
